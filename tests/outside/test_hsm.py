"""Documents are signed by a key that never leaves a PKCS#11 module: SoftHSM, where it is installed with python-pkcs11."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from huduma.contexts.credentials.providers import signing, typesetting

pkcs11 = pytest.importorskip("pkcs11", reason="signing by a hardware module needs python-pkcs11 (extra `hsm`)")
MODULES = [Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/local/lib/softhsm/libsofthsm2.so")]
PIN, TOKEN = "1234", "huduma"


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    """A SoftHSM token that holds the documents' key: the library's path and the public key. A process reads one configuration."""
    library = next((file for file in MODULES if file.exists()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        pytest.skip("signing by a hardware module is tried with SoftHSM: on Debian `apt-get install softhsm2`")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        new = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", "4321", "--pin", PIN]
        subprocess.run(new, check=True, stdout=subprocess.DEVNULL)
        with pkcs11.lib(str(library)).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as session:
            curve = pkcs11.util.ec.encode_named_curve_parameters("secp256r1")
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: curve}, local=True
            )
            public, _ = parameters.generate_keypair(store=True, label="huduma-documents")
            key = serialization.load_der_public_key(pkcs11.util.ec.encode_ec_public_key(public))
        yield str(library), key


@pytest.fixture
def module(token, tmp_path, settings):
    """The keys' folder, with the certificate of the key that is in the module, and no key."""
    library, key = token
    settings.KEYS_DIR = tmp_path
    settings.DOCUMENTS_PKCS11_MODULE, settings.DOCUMENTS_PKCS11_PIN = library, PIN
    settings.DOCUMENTS_PKCS11_TOKEN, settings.DOCUMENTS_PKCS11_KEY = TOKEN, "huduma-documents"
    authority, now, name = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC), "Mfano authority"
    for file, certificate in {
        "ca.cert.pem": signing._certificate(name, authority.public_key(), name, authority, now, is_ca=True),
        "documents.cert.pem": signing._certificate("Mfano documents", key, name, authority, now, is_ca=False),
    }.items():
        (tmp_path / file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    signing._signer.cache_clear()
    yield tmp_path
    signing._signer.cache_clear()


def test_the_module_signs_and_anybody_can_check(module):
    pdf = signing.sign(typesetting.typeset("#set document(date: datetime(year: 2026, month: 11, day: 25))\nMfano", {}))
    assert signing.check(pdf) == signing.SignatureCheck(is_ours=True, is_whole=True)
    at = pdf.index(b"/Count 1")
    assert not signing.check(pdf[:at] + b"/Count 2" + pdf[at + 8 :]).is_whole
    assert {file.name for file in module.iterdir()} == {"ca.cert.pem", "documents.cert.pem"}


def test_without_its_certificate_nothing_is_signed_and_no_key_is_made(module):
    (module / "documents.cert.pem").unlink()
    with pytest.raises(RuntimeError, match=r"documents\.cert\.pem"):
        signing.sign(typesetting.typeset("Mfano", {}))
    assert {file.name for file in module.iterdir()} == {"ca.cert.pem"}

"""PAdES signatures (ETSI EN 319 142, level B-B) by pyHanko, with a key made at the first use or handed in.

KEYS_DIR holds `documents.key.pem`, `documents.cert.pem` and `ca.cert.pem`. Put your own there to sign with a key that a
licensed certification service provider certified. With DOCUMENTS_PKCS11_MODULE set, the key itself stays in a hardware module.
"""

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

LIFE = timedelta(days=3650)


@dataclass(frozen=True)
class SignatureCheck:
    """Whether a file carries our signature over all of its bytes."""

    is_ours: bool
    is_whole: bool


def sign(pdf: bytes) -> bytes:
    """Return the PDF with our signature."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    metadata = signers.PdfSignatureMetadata(
        field_name="Huduma", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256", reason="Issued electronically"
    )
    try:
        out: io.BytesIO = _apart(lambda: signers.sign_pdf(writer, metadata, signer=_signer()))
    except Exception:
        _signer.cache_clear()  # a module that was restarted needs a new session: the job runs again
        raise
    return out.getvalue()


def check(pdf: bytes) -> SignatureCheck:
    """Judge a file that somebody hands in; anything unreadable is simply not ours."""
    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if not signatures:
            return SignatureCheck(is_ours=False, is_whole=False)
        context = ValidationContext(trust_roots=[_load_certificate("ca.cert.pem")], allow_fetching=False)
        status = _apart(lambda: validate_pdf_signature(signatures[-1], context))
    except (PdfError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return SignatureCheck(is_ours=False, is_whole=False)
    return SignatureCheck(is_ours=bool(status.trusted), is_whole=bool(status.bottom_line))


def _apart(work: Callable[[], Any]) -> Any:
    """Run in a thread of its own: pyHanko starts an event loop, and the caller's thread may have one already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@cache
def _signer() -> signers.Signer:
    return _hardware_signer() if settings.DOCUMENTS_PKCS11_MODULE else _file_signer()


def _hardware_signer() -> signers.Signer:
    from pyhanko.config.pkcs11 import TokenCriteria
    from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session  # needs the package python-pkcs11

    if not (settings.KEYS_DIR / "documents.cert.pem").exists():
        raise RuntimeError(f"put the certificate of the module's key into {settings.KEYS_DIR} as documents.cert.pem")
    session = open_pkcs11_session(
        settings.DOCUMENTS_PKCS11_MODULE,
        token_criteria=TokenCriteria(label=settings.DOCUMENTS_PKCS11_TOKEN),
        user_pin=settings.DOCUMENTS_PKCS11_PIN,
    )
    return PKCS11Signer(
        session,
        signing_cert=_load_certificate("documents.cert.pem"),
        ca_chain=[_load_certificate("ca.cert.pem")],
        key_label=settings.DOCUMENTS_PKCS11_KEY,
        use_raw_mechanism=True,  # the digest is made here: not every module has the mechanisms that make it
    )


def _file_signer() -> signers.Signer:
    ensure_keys(settings.KEYS_DIR)
    key = serialization.load_pem_private_key((settings.KEYS_DIR / "documents.key.pem").read_bytes(), password=None)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signers.SimpleSigner(
        signing_cert=_load_certificate("documents.cert.pem"),
        signing_key=asn1_keys.PrivateKeyInfo.load(der),
        cert_registry=SimpleCertificateStore.from_certs([_load_certificate("ca.cert.pem")]),
    )


def _load_certificate(name: str) -> asn1_x509.Certificate:
    ensure_keys(settings.KEYS_DIR)
    certificate = x509.load_pem_x509_certificate((settings.KEYS_DIR / name).read_bytes())
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def ensure_keys(directory: Path) -> None:
    """Make a certificate authority and a signing key of our own where none was put. Of two first users, one wins."""
    if (directory / "documents.cert.pem").exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    try:
        lock = os.open(directory / "documents.lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        raise RuntimeError("the signing key is being made by another process; the job runs again in a moment") from None
    try:
        now = datetime.now(UTC)
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = _certificate(
            "Huduma document authority", ca_key.public_key(), "Huduma document authority", ca_key, now, is_ca=True
        )
        own = _certificate("Huduma documents", key.public_key(), "Huduma document authority", ca_key, now, is_ca=False)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(directory / "documents.key.pem", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
            out.write(pem)
        (directory / "ca.cert.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        (directory / "documents.cert.pem").write_bytes(own.public_bytes(serialization.Encoding.PEM))
    finally:
        os.close(lock)
        (directory / "documents.lock").unlink()


def _certificate(
    subject: str,
    public: ec.EllipticCurvePublicKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    *,
    is_ca: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not is_ca, content_commitment=not is_ca, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_ca, crl_sign=is_ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256())

"""The secrets that the sandbox's stand-ins share with us: made once for an installation, and passed on by the environment alone."""

import contextlib
import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import NameOID

#: Words that both sides need; anything else is a pair of keys.
SHARED = (
    "DARAJA_INITIATOR_PASSWORD", "PESAFLOW_KEY", "PESAFLOW_SECRET", "AIRTEL_CLIENT_SECRET", "AIRTEL_PIN",
    "CARD_SECRET_KEY", "CARD_WEBHOOK_SECRET", "EQUITY_IPN_PASSWORD", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN",
    "INBOX_IMAP_PASSWORD", "MESSENGER_APP_SECRET", "MESSENGER_VERIFY_TOKEN", "X_CONSUMER_SECRET", "X_ACCESS_SECRET",
    "ETIMS_KEY", "ETIMS_SECRET", "ARI_SECRET",
)  # fmt: skip

#: What is entered in each gateway's own portal: where it sends its news. M-Pesa is told by a call.
NOTICES = {"airtel": "callback", "card": "webhook", "kcb": "notice", "equity": "notice"}

#: Names that a file made by an earlier version lacks.
NEWER = {*SHARED, "SFTP_KEY", "SFTP_HOST_KEY", "SANDBOX_SFTP_HOST_KEY", "SANDBOX_SFTP_KNOWN_KEY"}


def share(file: Path) -> None:
    """Put every such variable that is not set into the environment, from a file that is made at the first start."""
    try:
        if not file.exists():
            _write(file)
        kept: dict[str, str] = json.loads(file.read_text())
        if not kept.keys() >= NEWER:  # made by an earlier version
            file.unlink(missing_ok=True)
            _write(file, kept)
            kept = json.loads(file.read_text())
    except OSError:  # whoever starts the installation says so, with the way out
        return
    for name, value in kept.items():
        os.environ.setdefault(name, value)


def _write(file: Path, kept: dict[str, str] | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({**_make(), **(kept or {})}))
    with contextlib.suppress(FileExistsError):
        os.link(draft, file)  # whoever is first wins, and nobody reads half a file
    draft.unlink()


def _make() -> dict[str, str]:
    made = {name: secrets.token_urlsafe(24) for name in SHARED}
    daraja, kcb = _key(), _key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(daraja.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(daraja, hashes.SHA256())
    )
    return {
        **made,
        "AIRTEL_PIN": f"{secrets.randbelow(10**4):04d}",
        "DARAJA_CERTIFICATE": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "SANDBOX_DARAJA_PRIVATE_KEY": _private(daraja),
        "KCB_PUBLIC_KEY": kcb.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "SANDBOX_KCB_PRIVATE_KEY": _private(kcb),
        **_sftp_keys(),
    }


def _sftp_keys() -> dict[str, str]:
    """Return our key and the one that we expect of the server, and what the server needs of both, in OpenSSH's text."""
    ours, theirs = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    form = serialization.PublicFormat.OpenSSH
    ours_known, theirs_known = (
        key.public_key().public_bytes(serialization.Encoding.OpenSSH, form).decode() for key in (ours, theirs)
    )
    ours_kept, theirs_kept = (
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        ).decode()
        for key in (ours, theirs)
    )
    return {
        "SFTP_KEY": ours_kept, "SFTP_HOST_KEY": theirs_known, "SANDBOX_SFTP_HOST_KEY": theirs_kept,
        "SANDBOX_SFTP_KNOWN_KEY": ours_known,
    }  # fmt: skip


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()

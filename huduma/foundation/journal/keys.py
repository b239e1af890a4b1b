"""The key that signs seals. Keep a copy of its public half outside the installation: it is what proves the journal."""

import os
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings


@cache
def private_key() -> Ed25519PrivateKey:
    """Return the sealing key from KEYS_DIR/journal.pem, made at the first use."""
    file = settings.KEYS_DIR / "journal.pem"
    settings.KEYS_DIR.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    draft = file.with_suffix(f".{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)
        os.link(draft, file)  # atomic: of two first users, one wins and both read the same key
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    loaded = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(loaded, Ed25519PrivateKey)
    return loaded

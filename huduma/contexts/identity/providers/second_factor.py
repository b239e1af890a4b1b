"""Second factors of staff: time-based codes (RFC 6238) and recovery codes, kept by django-allauth, sealed by us."""

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SealedSecrets(DefaultMFAAdapter):
    """Keeps the secrets encrypted, under a key that is not in the database."""

    def encrypt(self, text: str) -> str:
        """Return the text sealed."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text that was sealed."""
        return _box().decrypt(encrypted_text.encode()).decode()


def _box() -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"huduma second factors").derive(
        settings.SECRET_KEY.encode()
    )
    return Fernet(base64.urlsafe_b64encode(key))

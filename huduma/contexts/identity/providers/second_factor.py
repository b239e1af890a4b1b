"""Second factors of staff: time-based codes (RFC 6238) and recovery codes, kept by django-allauth, sealed by us."""

import base64
from uuid import UUID

from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.cache import cache

#: For how long one code may be accepted at all: its own half minute, and the tolerance on both sides.
CODE_SECONDS = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)


def use_up(account_id: UUID, code: str) -> bool:
    """Use a code of an authenticator app; False where it was used before. The library remembers it for half a minute only."""
    digits = "".join(filter(str.isdigit, code))
    return bool(cache.add(f"second-factor:{account_id}:{digits}", 1, timeout=CODE_SECONDS))


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

"""Second factors of staff: time-based codes (RFC 6238) and recovery codes, kept by django-allauth, sealed by us."""

from uuid import UUID

from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.cache import cache

from huduma.foundation import sealing

SEALED_FOR = "huduma second factors"
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
        return sealing.seal(text, SEALED_FOR)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text that was sealed."""
        return sealing.unseal(encrypted_text, SEALED_FOR)

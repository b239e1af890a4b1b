"""Links that lead one person to one thing: what an SMS carries. A link only finds; who opens it still has to sign in.

A token is the thing's id and a keyed signature (96 bits), so nothing secret is stored, and a link can be sent again as it was.
"""

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

from django.conf import settings

SIGNATURE_BYTES = 12


def token(kind: str, thing: UUID) -> str:
    """Return the token of a thing, for use in an address. `kind` keeps a token of one sort from opening another."""
    return base64.urlsafe_b64encode(thing.bytes + _signature(kind, thing)).decode().rstrip("=")


def thing_of(kind: str, text: str) -> UUID | None:
    """Return the id that a token was made for, or None for anything else."""
    try:
        raw = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != 16 + SIGNATURE_BYTES:
        return None
    thing = UUID(bytes=raw[:16])
    return thing if hmac.compare_digest(raw[16:], _signature(kind, thing)) else None


def _signature(kind: str, thing: UUID) -> bytes:
    message = f"link:{kind}:{thing}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()[:SIGNATURE_BYTES]

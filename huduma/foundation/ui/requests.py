"""What every page needs to know of a request."""

from django.conf import settings
from django.http import HttpRequest

from huduma.foundation.access import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks, as the middleware of the composition root found out."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def address_of(request: HttpRequest) -> str:
    """Return the network address of whoever asks.

    Each of our own TRUSTED_PROXIES appends the address that it sees to X-Forwarded-For; what stands before those is the
    caller's own word, and so is the whole header where there is no proxy.
    """
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    proxies: int = settings.TRUSTED_PROXIES
    if proxies and len(seen) >= proxies and seen[-proxies]:
        return seen[-proxies][:45]
    return str(request.META.get("REMOTE_ADDR", ""))

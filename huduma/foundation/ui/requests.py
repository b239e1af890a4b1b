"""What every page needs to know of a request."""

from django.http import HttpRequest

from huduma.foundation.access import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks, as the middleware of the composition root found out."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor

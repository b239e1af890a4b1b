"""Access tokens of gateways, shared by all processes."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from huduma.contexts.payments.models import GatewayToken


@transaction.atomic
def shared_token(gateway: str, fresh: bool, issue: Callable[[], tuple[str, timedelta]]) -> str:
    """Return a gateway's access token, getting a new one when the old has aged or `fresh` is asked.

    The row lock is held over that call on purpose: two refreshes at once would void each other's token.
    """
    GatewayToken.objects.get_or_create(gateway=gateway, defaults={"value": "", "expires_at": timezone.now()})
    kept = GatewayToken.objects.select_for_update().get(gateway=gateway)
    if fresh or kept.expires_at <= timezone.now():
        kept.value, life = issue()
        kept.expires_at = timezone.now() + life
        kept.save(update_fields=["value", "expires_at"])
    return kept.value

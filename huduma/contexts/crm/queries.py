"""Reading links and their webhooks; and as whom a program acts."""

from datetime import datetime
from uuid import UUID

from django.core import signing
from django.utils.crypto import constant_time_compare

from huduma.contexts.crm import rules
from huduma.contexts.crm.models import Delivery, Link
from huduma.foundation import sealing
from huduma.foundation.access import Actor, Grant, NotFound

TOKEN_SECONDS = 3600
SALT = "crm.token"
#: What the secrets of webhooks are sealed for.
SEALED_FOR = "crm webhooks"
OPERATORS = ("administrator",)
LATEST = 100


def actor_of_link(link: Link) -> Actor:
    """Return as whom a program acts: as a focal person of its body; the journal names the link as the channel."""
    grants = frozenset({Grant("focal", link.body_id)})
    return Actor(kind="anonymous", channel=f"crm:{link.id}", grants=grants, purpose="casework")


def link_of_token(token: str) -> Link:
    """Return the link whose token this is. Raises NotFound for one that is wrong, over, or of an ended link or secret."""
    try:
        link_id, digest = signing.loads(token, salt=SALT, max_age=TOKEN_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        raise NotFound from None
    link = Link.objects.filter(id=link_id, closed_at=None).first()
    if link is None or not constant_time_compare(link.secret_digest[:16], digest):
        raise NotFound
    return link


def token_of(link: Link) -> str:
    """Return a token for an hour; it ends with the link's secret."""
    return signing.dumps([str(link.id), link.secret_digest[:16]], salt=SALT)


def get_hearing(link_id: UUID, webhook_id: str, timestamp: str, body: bytes, signatures: str, now: datetime) -> Link:
    """Return the link that signed a webhook now. Raises NotFound where the signature is wrong, or the time too far from ours."""
    link = Link.objects.filter(id=link_id, closed_at=None).first()
    is_now = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12
    if link is None or not is_now or abs(int(timestamp) - now.timestamp()) > rules.TOLERANCE.total_seconds():
        raise NotFound
    if not rules.is_signed(sealing.unseal(link.hearing, SEALED_FOR), webhook_id, timestamp, body, signatures):
        raise NotFound
    return link


def list_links_for(actor: Actor) -> list[Link]:
    """Return all links, the open ones first. Raises NotPermitted."""
    actor.require_everywhere(*OPERATORS)
    found = Link.objects.select_related("body").order_by("closed_at", "body__name_en", "name")
    return sorted(found[:500], key=lambda one: one.closed_at is not None)


def list_dead_for(actor: Actor) -> list[Delivery]:
    """Return the webhooks that were given up, the newest first. Raises NotPermitted."""
    actor.require_everywhere(*OPERATORS)
    return list(Delivery.objects.filter(state="dead").select_related("link__body").order_by("-made_at")[:LATEST])

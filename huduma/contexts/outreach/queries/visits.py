"""Reading visits."""

from datetime import datetime, timedelta
from uuid import UUID

from huduma.contexts.outreach import rules
from huduma.contexts.outreach.models import Visit
from huduma.foundation.access import Actor, NotFound


def get_visit(visit_id: UUID) -> Visit:
    """Return a visit; that it takes place is public. Raises NotFound."""
    visit = Visit.objects.select_related("site", "county", "constituency").filter(id=visit_id).first()
    if visit is None:
        raise NotFound
    return visit


def list_my_visits_for(actor: Actor, *, now: datetime) -> list[Visit]:
    """Return the visits on which the actor goes and for which a tablet can be prepared now, the next first."""
    if actor.account_id is None:
        return []
    since = now - timedelta(days=rules.TOKEN_DAYS)
    mine = Visit.objects.filter(staff__account_id=actor.account_id, state__in=["planned", "open"], ends_at__gt=since)
    return list(mine.select_related("site", "county"))

"""Clearly fictional people with something to send."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.identity import public as identity
from huduma.foundation.access import ANONYMOUS

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc```\x00\x00\x00\x04\x00\x01\xf6\x178U\x00\x00\x00\x00IEND\xaeB`\x82"
)


def with_draft(number: int) -> tuple[Any, UUID]:
    """Return the account of a proven citizen and the id of a draft of police clearance that is ready to be sent."""
    account = proven(number)
    return account, draft_of(account, number)


def proven(number: int) -> Any:
    """Return the account of a citizen who has proved who they are."""
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone=f"+2547{number:08}", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number=f"9{number:07}", surname="Mfano", first_name="Bench", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account.refresh_from_db()
    return account


def draft_of(account: Any, number: int) -> UUID:
    """Return the id of a draft that is ready to be sent; the picture is told from others by its number."""
    now = timezone.now()
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    draft = applications.open_application(actor=actor, service_code="police-clearance", now=now)
    typed = {"purpose": "work", "county": "047", "agreed": "on"}
    for page in ("purpose", "visit"):
        applications.save_page(
            actor=actor, application_id=draft.id, page_id=page, typed=lambda name: typed.get(name, ""), now=now
        )
    picture = PNG + number.to_bytes(4, "big")
    applications.attach_file(
        actor=actor, application_id=draft.id, field="photo", content=picture, name="me.png", now=now
    )
    return draft.id

"""Giving documents to their holders, and telling anybody whether one is genuine."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from django.utils import timezone

from huduma.contexts.credentials.events import CredentialRead
from huduma.contexts.credentials.models import Credential
from huduma.contexts.credentials.providers import signing
from huduma.contexts.identity import public as identity
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.journal import public as journal


@dataclass(frozen=True)
class Verdict:
    """What anybody may know of a document: no name, no number, nothing that the paper does not show already."""

    state: Literal["valid", "revoked", "expired", "altered", "unknown"]
    reference: str | None = None
    title: dict[str, str] | None = None
    body_code: str | None = None
    issued_at: datetime | None = None
    valid_until: date | None = None
    revoked_at: datetime | None = None


def get_document_for(actor: Actor, credential_id: UUID, *, now: datetime) -> tuple[Credential, bytes]:
    """Return a document and its bytes to its holder, to whoever acts for its holder, or to an officer of its body.

    The reading is journalled. Raises NotFound.
    """
    found = Credential.objects.select_related("file").filter(id=credential_id).exclude(state="signing").first()
    if found is None or found.file is None:
        raise NotFound
    if not _is_own(actor, found) and not actor.has_role("officer", "supervisor", body=found.body_code):
        raise NotFound
    event = CredentialRead(credential_id=found.id, holder_person_id=found.holder_person_id)
    journal.record(actor=actor, event=event, now=now)
    return found, bytes(found.file.content)


def _is_own(actor: Actor, found: Credential) -> bool:
    if found.holder_person_id in (actor.person_id, actor.on_behalf_of):
        return True
    today, organisation = timezone.localdate(), found.holder_organisation_id
    if organisation is not None and identity.may_act_for(actor.person_id, organisation, on=today):
        return True
    return found.representative_person_id is not None and (
        found.representative_person_id == actor.person_id
        and identity.may_represent(actor.person_id, found.holder_person_id, found.service_code, on=today)
    )


def document_of(issued_for: UUID) -> Credential | None:
    """Return the signed document of a case whose reader has been checked by the caller, valid or revoked."""
    return Credential.objects.filter(issued_for=issued_for).exclude(state="signing").defer("template", "data").first()


def document_ids_of(issued_for: Collection[UUID]) -> list[UUID]:
    """Return the ids of the signed documents of several cases; see `document_of`."""
    return list(
        Credential.objects.filter(issued_for__in=issued_for).exclude(state="signing").values_list("id", flat=True)
    )


def verify_reference(text: str) -> Verdict:
    """Judge a reference as somebody typed it."""
    reference = references.normalise(text)
    found = Credential.objects.filter(reference=reference).exclude(state="signing").first() if reference else None
    return _verdict(found) if found else Verdict("unknown")


def verify_document(pdf: bytes) -> Verdict:
    """Judge a file: ours to the last byte, ours but altered, or not ours."""
    digest = hashlib.sha256(pdf).hexdigest()
    found = Credential.objects.filter(file__sha256=digest).first()
    if found is not None:
        return _verdict(found)
    checked = signing.check(pdf)
    return Verdict("altered" if checked.is_ours else "unknown")


def _verdict(found: Credential) -> Verdict:
    state: Literal["valid", "revoked", "expired"] = "revoked" if found.state == "revoked" else "valid"
    if state == "valid" and found.valid_until and found.valid_until < timezone.localdate():
        state = "expired"
    return Verdict(
        state, found.reference, found.title, found.body_code, found.issued_at, found.valid_until, found.revoked_at
    )

"""Ordering, signing and revoking documents."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from huduma.contexts.credentials import events
from huduma.contexts.credentials.models import Credential
from huduma.contexts.credentials.providers import signing, typesetting
from huduma.foundation import jobs, references
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal


class ReasonMissing(Refusal):
    """Write the reason: the holder and every court will want to read it."""


@transaction.atomic
def issue_credential(
    *,
    actor: Actor,
    issued_for: UUID,
    template: str,
    title: dict[str, str],
    data: dict[str, Any],
    holder_person_id: UUID,
    body_code: str,
    service_code: str,
    now: datetime,
    valid_until: date | None = None,
    holder_organisation_id: UUID | None = None,
    representative_person_id: UUID | None = None,
) -> Credential:
    """Order the document of a case, once; a job sets and signs it, then announces CredentialIssued.

    Raises NotPermitted unless the system or an officer of the body orders it.
    """
    actor.require_role("officer", "supervisor", body=body_code)
    credential, created = Credential.objects.get_or_create(
        issued_for=issued_for,
        defaults={
            "reference": references.mint("HC"),
            "holder_person_id": holder_person_id,
            "holder_organisation_id": holder_organisation_id,
            "representative_person_id": representative_person_id,
            "body_code": body_code,
            "service_code": service_code,
            "title": title,
            "template": template,
            "data": data,
            "ordered_at": now,
            "valid_until": valid_until,
        },
    )
    if created:
        jobs.defer("credentials.sign", credential_id=str(credential.id))
    return credential


def sign(credential_id: UUID) -> None:
    """Set and sign a document outside any transaction, then keep it; a second run finds it done."""
    credential = Credential.objects.get(id=credential_id)
    if credential.state != "signing":
        return
    address = f"{settings.PUBLIC_URL}/en/verify/{credential.reference}/"
    data = {
        **credential.data,
        "reference": references.display(credential.reference),
        "verify_url": address,
        "qr": typesetting.qr_svg(address),
        "specimen": settings.SANDBOX,
        "title": credential.title,
        "issued_on": timezone.localdate(credential.ordered_at).isoformat(),
        "valid_until": credential.valid_until.isoformat() if credential.valid_until else None,
    }
    _keep(credential_id, signing.sign(typesetting.typeset(credential.template, data)), timezone.now())


@transaction.atomic
def _keep(credential_id: UUID, pdf: bytes, now: datetime) -> None:
    credential = Credential.objects.select_for_update().get(id=credential_id)
    if credential.state != "signing":
        return
    name = f"{credential.service_code}-{credential.reference}.pdf"
    credential.file = files.store(actor=SYSTEM, content=pdf, name=name, accept=(files.PDF,), now=now)
    credential.state, credential.issued_at = "valid", now
    credential.save(update_fields=["file", "state", "issued_at"])
    event = events.CredentialIssued(
        credential_id=credential.id,
        issued_for=credential.issued_for,
        holder_person_id=credential.holder_person_id,
        reference=credential.reference,
    )
    journal.record(actor=SYSTEM, event=event, now=now)


@transaction.atomic
def revoke_credential(*, actor: Actor, credential_id: UUID, reason: str, now: datetime) -> None:
    """Declare a document void, with the reason; again changes nothing. Raises NotFound, NotPermitted, ReasonMissing."""
    credential = Credential.objects.select_for_update().filter(id=credential_id).exclude(state="signing").first()
    if credential is None:
        raise NotFound
    actor.require_role("supervisor", body=credential.body_code)
    if not reason.strip():
        raise ReasonMissing
    if credential.state == "revoked":
        return
    credential.state, credential.revoked_at, credential.revoke_reason = "revoked", now, reason.strip()[:500]
    credential.save(update_fields=["state", "revoked_at", "revoke_reason"])
    event = events.CredentialRevoked(
        credential_id=credential.id,
        issued_for=credential.issued_for,
        holder_person_id=credential.holder_person_id,
        reason=credential.revoke_reason,
    )
    journal.record(actor=actor, event=event, now=now)

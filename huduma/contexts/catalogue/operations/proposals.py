"""The life of a package: drafted and submitted by the body that offers the service, approved and published by the Secretariat.

Whoever drafted or submitted a package does not approve it. What is under review, approved or published is never changed; a
returned package is drafted anew. Every step is an act in the journal with its person.
"""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.catalogue import events
from huduma.contexts.catalogue.models import Proposal, Service, ServiceVersion
from huduma.contexts.catalogue.operations.loading import (
    end_version,
    publish_version,
    rebuild_vocabulary,
    save_service,
)
from huduma.contexts.catalogue.providers import packages
from huduma.contexts.catalogue.providers.package import Fault, Package
from huduma.contexts.places import public as places
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

FARTHEST = timedelta(days=730)


class FaultyProposal(Refusal):
    """The package has faults, so it cannot go on. Correct what the report names and upload it again."""


class NotAPackage(Refusal):
    """This file holds no package, so nothing was kept. Compress the folder of the package again and upload it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = faults


class WrongState(Refusal):
    """A colleague has moved this package on. Look at it again, then decide."""


class NothingNew(Refusal):
    """This package is the same as a version that was published already. Change something, then upload it again."""


class SamePerson(Refusal):
    """You had a hand in this package, so somebody else has to approve and publish it."""


class AnotherBody(Refusal):
    """This service belongs to another public body, which drafts its own packages."""


class ProposalReasonNeeded(Refusal):
    """Write the reason, so that the authors know what to change."""


class WrongDay(Refusal):
    """Choose a day from today on, and within two years."""


@transaction.atomic
def draft_proposal(
    *, actor: Actor, body_code: str, content: bytes, name: str = "", proposal_id: UUID | None = None, now: datetime
) -> Proposal:
    """Keep a package (a .zip) as a draft of a body, with the report of its faults; again replaces the draft.

    Raises NotPermitted, NotFound, NotAPackage with its faults, WrongState, AnotherBody.
    """
    actor.require_role("analyst", body=body_code)
    package = packages.read_zip(content, name.removesuffix(".zip"), places.known_codes())
    if not package.source:
        raise NotAPackage(package.faults)
    _require_own(package, body_code)
    proposal = _lock(actor, "analyst", proposal_id, "draft") if proposal_id else Proposal(drafted_at=now)
    if proposal_id and proposal.body_id != body_code:
        raise NotFound
    proposal.service_code = package.code[:60]
    proposal.body_id, proposal.digest = body_code, package.digest
    proposal.source, proposal.package = package.source, package.parts
    proposal.faults = [fault.as_dict() for fault in sorted(package.faults)]
    proposal.drafted_by, proposal.drafted_at, proposal.reason = actor.account_id, now, ""
    proposal.authors = sorted({*proposal.authors, str(actor.account_id)})
    proposal.save()
    event = events.ProposalDrafted(
        proposal_id=proposal.id, service_code=proposal.service_code, body_code=body_code, faults=len(package.faults)
    )
    journal.record(actor=actor, event=event, now=now)
    return proposal


def _require_own(package: Package, body_code: str) -> None:
    """A package is of the body that drafts it, and so is the service that it would replace."""
    said = package.parts.get("service")
    named = said.get("body") if isinstance(said, dict) else None
    owner = Service.objects.filter(code=package.code).values_list("body_id", flat=True).first()
    if {named, owner} - {None, body_code}:
        raise AnotherBody


def _lock(actor: Actor, role: str, proposal_id: UUID, *states: str) -> Proposal:
    """Who may not touch a package is not told either how far it is; the Secretariat's role is for all bodies."""
    proposal = Proposal.objects.select_for_update().filter(id=proposal_id).first()
    if proposal is None:
        raise NotFound
    actor.require_role(role, body=proposal.body_id)
    if proposal.state not in states:
        raise WrongState
    return proposal


@transaction.atomic
def submit_proposal(*, actor: Actor, proposal_id: UUID, now: datetime) -> Proposal:
    """Hand a sound draft to the Secretariat; it is checked once more.

    Raises NotFound, NotPermitted, WrongState, FaultyProposal, NothingNew.
    """
    proposal = _lock(actor, "analyst", proposal_id, "draft")
    package = packages.read(proposal.service_code, proposal.source, (), places.known_codes())
    if proposal.faults or package.faults:
        raise FaultyProposal
    if ServiceVersion.objects.filter(service_id=proposal.service_code, digest=proposal.digest).exists():
        raise NothingNew
    proposal.state, proposal.submitted_by, proposal.submitted_at = "review", actor.account_id, now
    proposal.save(update_fields=["state", "submitted_by", "submitted_at"])
    journal.record(actor=actor, event=events.ProposalSubmitted(proposal_id=proposal.id), now=now)
    return proposal


@transaction.atomic
def discard_proposal(*, actor: Actor, proposal_id: UUID, now: datetime) -> None:
    """Throw a draft away. Raises NotFound, NotPermitted, WrongState."""
    proposal = _lock(actor, "analyst", proposal_id, "draft")
    proposal.state = "discarded"
    proposal.save(update_fields=["state"])
    journal.record(actor=actor, event=events.ProposalDiscarded(proposal_id=proposal.id), now=now)


@transaction.atomic
def approve_proposal(*, actor: Actor, proposal_id: UUID, now: datetime) -> Proposal:
    """Approve a package under review. Raises NotFound, NotPermitted, WrongState, SamePerson."""
    proposal = _lock(actor, "secretariat", proposal_id, "review")
    _require_another(actor, proposal)
    proposal.state, proposal.decided_by, proposal.decided_at = "approved", actor.account_id, now
    proposal.save(update_fields=["state", "decided_by", "decided_at"])
    journal.record(actor=actor, event=events.ProposalApproved(proposal_id=proposal.id), now=now)
    return proposal


def _require_another(actor: Actor, proposal: Proposal) -> None:
    if str(actor.account_id) in {*proposal.authors, str(proposal.submitted_by)}:
        raise SamePerson


@transaction.atomic
def return_proposal(*, actor: Actor, proposal_id: UUID, reason: str, now: datetime) -> Proposal:
    """Give a package back to its authors as a draft; an approved one too, and one whose day has not come.

    Raises NotFound, NotPermitted, WrongState, ProposalReasonNeeded.
    """
    proposal = _lock(actor, "secretariat", proposal_id, "review", "approved", "published")
    if proposal.took_effect_at is not None:
        raise WrongState
    if len(reason.strip()) < 3:
        raise ProposalReasonNeeded
    proposal.state, proposal.reason, proposal.from_on = "draft", reason.strip()[:4000], None
    proposal.decided_by, proposal.decided_at = actor.account_id, now
    proposal.save(update_fields=["state", "reason", "from_on", "decided_by", "decided_at"])
    event = events.ProposalReturned(proposal_id=proposal.id, reason=proposal.reason)
    journal.record(actor=actor, event=event, now=now)
    return proposal


@transaction.atomic
def publish_proposal(*, actor: Actor, proposal_id: UUID, from_on: date | None = None, now: datetime) -> Proposal:
    """Publish an approved package from a day (today where none is given); on that day it takes effect by itself.

    Raises NotFound, NotPermitted, WrongState, SamePerson, WrongDay.
    """
    proposal = _lock(actor, "secretariat", proposal_id, "approved")
    _require_another(actor, proposal)
    today = timezone.localdate(now)
    from_on = from_on or today
    if not today <= from_on <= today + FARTHEST:
        raise WrongDay
    proposal.state, proposal.from_on = "published", from_on
    proposal.published_by, proposal.published_at = actor.account_id, now
    proposal.save(update_fields=["state", "from_on", "published_by", "published_at"])
    event = events.ProposalPublished(
        proposal_id=proposal.id, service_code=proposal.service_code, from_on=from_on.isoformat()
    )
    journal.record(actor=actor, event=event, now=now)
    if from_on <= today:
        _run(actor, proposal, now)
    else:
        at = timezone.make_aware(datetime.combine(from_on, time()))
        jobs.defer("catalogue.take_effect", at=at, proposal_id=str(proposal.id))
    return proposal


@transaction.atomic
def take_effect(*, proposal_id: UUID, now: datetime) -> None:
    """Let a published package run when its day has come; before that, after a return, and again, nothing happens."""
    proposal = Proposal.objects.select_for_update().filter(id=proposal_id, state="published").first()
    if proposal is None or proposal.took_effect_at is not None or proposal.from_on is None:
        return
    if proposal.from_on <= timezone.localdate(now):
        _run(SYSTEM, proposal, now)


def _run(actor: Actor, proposal: Proposal, now: datetime) -> None:
    service = Service.objects.select_for_update(of=("self",)).select_related("current_version").filter(
        code=proposal.service_code
    ).first()  # fmt: skip
    service = save_service(proposal.package["service"], service, actor=actor, now=now)
    package = packages.Package(proposal.service_code, proposal.source, proposal.package)
    if package.is_runnable:
        publish_version(
            actor=actor,
            service=service,
            source=proposal.source,
            parts=proposal.package,
            digest=proposal.digest,
            now=now,
        )
    proposal.took_effect_at = now
    proposal.save(update_fields=["took_effect_at"])
    rebuild_vocabulary()


@transaction.atomic
def withdraw_service(*, actor: Actor, service_code: str, reason: str, now: datetime) -> None:
    """Stop taking applications for a service; its charter stays, and cases that run go on. Again changes nothing.

    A package of it whose day has not come goes back to its authors: else the service would open again by itself.
    Raises NotFound, NotPermitted, ProposalReasonNeeded.
    """
    actor.require_role("secretariat")
    service = Service.objects.select_for_update(of=("self",)).select_related("current_version").filter(
        code=service_code
    ).first()  # fmt: skip
    if service is None:
        raise NotFound
    if len(reason.strip()) < 3:
        raise ProposalReasonNeeded
    if service.current_version is not None:
        version = service.current_version
        Service.objects.filter(code=service_code).update(current_version=None)
        end_version(actor=actor, version=version, state="withdrawn", reason=reason.strip()[:4000], now=now)
    waiting = Proposal.objects.filter(service_code=service_code, state="published", took_effect_at=None)
    for proposal_id in waiting.values_list("id", flat=True):
        return_proposal(actor=actor, proposal_id=proposal_id, reason=reason, now=now)

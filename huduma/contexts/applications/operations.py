"""All writes about applications.

A draft is the applicant's own: every page is saved as it is typed, wrong answers included, so that nothing is lost. Sending it
checks everything again, freezes the promise and starts the process, in one transaction and once, however often it is asked.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from huduma.contexts.applications import events, queries, rules
from huduma.contexts.applications.models import Application, Upload
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.credentials import public as credentials
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation import references
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

MEGABYTE = 1_000_000


class NotOnline(Refusal):
    """You cannot apply for this service here yet. Its charter says where and how it is served."""


class OrganisationNeeded(Refusal):
    """This service is for a business. Add your business to your account first, then apply for it."""


class PersonNeeded(Refusal):
    """This service is for a person, and you are acting for a business. Stop acting for it first, then apply."""


class CannotChange(Refusal):
    """This application was sent already, so its answers cannot be changed now. Its page shows what happens next."""


class CannotWithdraw(Refusal):
    """This application has ended already. There is nothing to withdraw."""


class Incomplete(Refusal):
    """Some answers are missing or wrong. Go through the pages named here, then send the application."""

    def __init__(self, pages: list[str]) -> None:
        super().__init__()
        self.pages = pages


class RecordOfOthers(Refusal):
    """This number belongs to a record that does not name you. Check the number; a guardian applies at a Huduma Centre."""


class TooManyFiles(Refusal):
    """There are as many files here as this question takes. Remove one first, then add the new one."""


@transaction.atomic
def open_application(
    *, actor: Actor, service_code: str, organisation_id: UUID | None = None, now: datetime
) -> Application:
    """Return the actor's draft for a service, opening one where there is none.

    Raises NotFound, NotOnline, identity.NotProven, OrganisationNeeded, PersonNeeded.
    """
    service = catalogue.get_service(service_code)
    if service.current_version is None:
        raise NotOnline
    organisation_id = actor.organisation_id or organisation_id
    person_id = actor.person_id if organisation_id else actor.applicant_id
    if person_id is None or not identity.is_known(person_id):
        raise identity.NotProven
    for_organisation = service.current_version.part("form")["applicant"] == "organisation"
    if for_organisation:
        if organisation_id is None or not identity.may_act_for(actor.person_id, organisation_id, on=now.date()):
            raise OrganisationNeeded
    elif actor.organisation_id is not None:
        raise PersonNeeded
    else:
        organisation_id = None
    draft = queries.get_draft_for(actor, service_code, organisation_id)
    if draft is not None:
        return draft
    try:
        with transaction.atomic():
            draft = Application.objects.create(
                version=service.current_version,
                service_code=service_code,
                body_code=service.body_id,
                person_id=person_id,
                organisation_id=organisation_id,
                channel=actor.channel,
                opened_at=now,
                saved_at=now,
                status_at=now,
            )
    except IntegrityError:  # the other of two clicks was faster
        return Application.objects.get(
            Q(organisation_id=organisation_id), person_id=person_id, service_code=service_code, status="draft"
        )
    event = events.ApplicationOpened(
        application_id=draft.id, person_id=person_id, organisation_id=organisation_id, service_code=service_code
    )
    journal.record(actor=actor, event=event, now=now)
    return draft


@transaction.atomic
def save_page(
    *, actor: Actor, application_id: UUID, page_id: str, typed: Callable[[str], str], now: datetime
) -> dict[str, str]:
    """Keep what was typed on a page, right or wrong, and return what is wrong with it: question → sentence.

    `typed(name)` is the text of an input; what the page does not ask is not read. Raises NotFound, CannotChange.
    """
    application = _lock(actor, application_id)
    page = _page(application, page_id)
    form = queries.form_of(application)
    read = rules.read(form, page["fields"], typed)
    answers = {name: value for name, value in {**application.answers, **read}.items() if value is not None}
    changed = [name for name in read if application.answers.get(name) != answers.get(name)]
    if changed:
        if form.get("lookup", {}).get("page") == page_id and application.register_state:
            application.register_state, application.register_facts = "", {}  # another number: another record
        application.answers, application.saved_at = answers, now
        application.save(update_fields=["answers", "saved_at", "register_state", "register_facts"])
        event = events.PageSaved(application_id=application.id, page=page_id, fields=changed)
        journal.record(actor=actor, event=event, now=now)
    return queries.problems_on(application, page, _today(now))


def _today(now: datetime) -> date:
    return timezone.localdate(now)


def _lock(actor: Actor, application_id: UUID) -> Application:
    """Return an application that the actor may change now, locked. Raises NotFound, CannotChange."""
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None or not queries.may_see(actor, application):
        raise NotFound
    if application.status not in ("draft", "waiting_correction"):
        raise CannotChange
    return application


def _page(application: Application, page_id: str) -> dict[str, Any]:
    found = next((page for page in queries.pages_of(application) if page["id"] == page_id), None)
    if found is None:
        raise NotFound
    return found


def ask_register(*, actor: Actor, application_id: UUID, now: datetime) -> None:
    """Let a register answer instead of the applicant, once for a number. The call is outside any transaction.

    Raises what `exchange.look_up` raises, and RecordOfOthers where the record does not name the applicant.
    """
    application = queries.get_application_for(actor, application_id)
    lookup = queries.form_of(application)["lookup"]
    if application.register_state:
        return
    key = {name: str(application.answers.get(field, "")) for name, field in lookup["key"].items()}
    found = exchange.look_up(actor=actor, register=lookup["register"], key=key, now=now)
    person = identity.get_person_for(SYSTEM, application.person_id)
    if lookup.get("holders") and person.id_number not in {found.get(name) for name in lookup["holders"]} - {None}:
        raise RecordOfOthers
    facts = {field: found[fact] for field, fact in lookup["facts"].items() if found.get(fact) is not None}
    _keep_register(actor, application_id, "found", facts, now)


def go_by_hand(*, actor: Actor, application_id: UUID, now: datetime) -> None:
    """Let the applicant type what the register could not say; officers see that it has to be checked."""
    _keep_register(actor, application_id, "by-hand", {}, now)


@transaction.atomic
def _keep_register(actor: Actor, application_id: UUID, state: str, facts: dict[str, Any], now: datetime) -> None:
    application = _lock(actor, application_id)
    application.register_state, application.register_facts, application.saved_at = state, facts, now
    application.save(update_fields=["register_state", "register_facts", "saved_at"])
    event = events.RegisterAnswered(application_id=application.id, how=state)
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def attach_file(*, actor: Actor, application_id: UUID, field: str, content: bytes, name: str, now: datetime) -> Upload:
    """Add a file to a question; the same file again is kept once.

    Raises TooManyFiles, NotFound, CannotChange, and what `files.store` raises.
    """
    application = _lock(actor, application_id)
    form = queries.form_of(application)
    asked = {f for page in queries.pages_of(application) for f in page["fields"]}
    if field not in asked or not rules.is_upload(form, field):
        raise NotFound
    limits = form["ui"][field].get("upload", {})
    accept = tuple(ACCEPTED[kind] for kind in limits.get("accept", ACCEPTED))
    there = list(application.uploads.filter(field=field).select_related("file").defer("file__content"))
    digest = files.digest(content)
    if same := next((upload for upload in there if upload.file.sha256 == digest), None):
        return same
    if len(there) >= limits.get("max_files", 1):
        raise TooManyFiles
    file = files.store(
        actor=actor, content=content, name=name, accept=accept,
        max_bytes=int(limits.get("max_mb", 5) * MEGABYTE), now=now,
    )  # fmt: skip
    upload = Upload.objects.create(application=application, field=field, file=file, added_at=now)
    event = events.FileAttached(application_id=application.id, file_id=file.id, field=field)
    journal.record(actor=actor, event=event, now=now)
    return upload


ACCEPTED = {"pdf": files.PDF, "jpeg": "image/jpeg", "png": "image/png"}


@transaction.atomic
def remove_file(*, actor: Actor, application_id: UUID, upload_id: UUID, now: datetime) -> None:
    """Take a file back, its bytes included; again changes nothing. Raises NotFound, CannotChange."""
    application = _lock(actor, application_id)
    upload = application.uploads.filter(id=upload_id).first()
    if upload is None:
        return
    asked = {f for page in queries.pages_of(application) for f in page["fields"]}
    if upload.field not in asked:
        raise CannotChange
    event = events.FileRemoved(application_id=application.id, file_id=upload.file_id, field=upload.field)
    upload.delete()
    files.remove(upload.file_id)
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def discard_draft(*, actor: Actor, application_id: UUID, now: datetime) -> None:
    """Delete a draft with everything that was typed and uploaded. Raises NotFound, CannotChange."""
    application = _lock(actor, application_id)
    if application.status != "draft":
        raise CannotChange
    for upload in application.uploads.all():
        upload.delete()
        files.remove(upload.file_id)
    journal.record(actor=actor, event=events.DraftDiscarded(application_id=application.id), now=now)
    application.delete()


@transaction.atomic
def submit(*, actor: Actor, application_id: UUID, now: datetime) -> Application:
    """Send a draft: check it whole, freeze the promise, start the process. Sending again returns what was sent.

    Raises NotFound, Incomplete with the pages to go back to, process.NoRule.
    """
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None or not queries.may_see(actor, application):
        raise NotFound
    if application.status != "draft":
        return application
    _require_complete(application, now)
    package = queries.package_of(application.version_id)
    promise = package["service"]["turnaround"]
    confidence = package["service"]["confidence"]["turnaround"]
    application.reference = references.mint("HA")
    application.body_code = _deciding_body(application, package)
    application.status, application.status_at, application.submitted_at = "submitted", now, now
    application.promise = {**promise, "confidence": confidence} if promise else None
    application.due_at = worktime.deadline(now, promise["value"], promise["unit"]) if promise else None
    application.save()
    event = events.ApplicationSubmitted(
        application_id=application.id, reference=application.reference, service_code=application.service_code,
        due_at=application.due_at.isoformat() if application.due_at else None,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    digest = process.define(actor=SYSTEM, bpmn=package["process_bpmn"], dmn=package.get("rules_dmn", ""), now=now)
    process.start(
        actor=SYSTEM, case_id=application.id, digest=digest, body_code=application.body_code,
        service_code=application.service_code, facts=queries.all_answers(application), due_at=application.due_at, now=now,
    )  # fmt: skip
    application.refresh_from_db()
    return application


def _require_complete(application: Application, now: datetime) -> None:
    form, answers = queries.form_of(application), queries.all_answers(application)
    has_files = set(queries.uploaded(application))
    wrong = []
    if "lookup" in form and not application.register_state:
        wrong.append(form["lookup"]["page"])
    wrong += [
        page["id"]
        for page in queries.pages_of(application)
        if rules.problems(form, page["fields"], answers, has_files, _today(now))
    ]
    if wrong:
        raise Incomplete(list(dict.fromkeys(wrong)))


def _deciding_body(application: Application, package: dict[str, Any]) -> str:
    """A county service is decided by the government of the county that the answers name."""
    field = package["form"].get("county_field")
    if not field:
        return application.body_code
    return places.get_body(f"CG-{queries.all_answers(application)[field]}").code


@transaction.atomic
def send_correction(*, actor: Actor, application_id: UUID, now: datetime) -> Application:
    """Send an application that was sent back, corrected. Sending again changes nothing. Raises NotFound, Incomplete."""
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None or not queries.may_see(actor, application):
        raise NotFound
    if application.status != "waiting_correction":
        return application
    _require_complete(application, now)
    application.to_correct = []
    application.save(update_fields=["to_correct"])
    journal.record(actor=actor, event=events.ApplicationCorrected(application_id=application.id), now=now)
    facts = queries.all_answers(application)
    process.deliver_message(actor=SYSTEM, case_id=application.id, name="corrected", facts=facts, now=now)
    application.refresh_from_db()
    return application


@transaction.atomic
def withdraw(*, actor: Actor, application_id: UUID, now: datetime) -> Application:
    """Take an application back before it is decided; an unpaid bill is cancelled. Raises NotFound, CannotWithdraw."""
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None or not queries.may_see(actor, application):
        raise NotFound
    if application.status == "withdrawn":
        return application
    if application.status in ("draft", "issuing", *queries.ENDED):
        raise CannotWithdraw
    process.cancel(actor=SYSTEM, case_id=application.id, now=now)
    payments.cancel_bills(actor=SYSTEM, payable_id=application.id, now=now)
    _turn(actor, application, "withdrawn", None, now)
    return application


def _turn(actor: Actor, application: Application, status: str, outcome: str | None, now: datetime) -> None:
    application.status, application.status_at, application.turns = status, now, application.turns + 1
    application.save(update_fields=["status", "status_at", "turns", "to_correct"])
    event = events.StatusChanged(
        application_id=application.id, status=status, outcome=outcome, number=application.turns
    )
    journal.record(actor=actor, event=event, now=now)


# What processes call. Each runs inside the transaction of the case's step.


def follow_case(*, case_id: UUID, step: str, status: str, outcome: str | None, now: datetime) -> None:
    """Take the status that a case's process announced."""
    application = Application.objects.select_for_update().filter(id=case_id).first()
    if application is None:  # a case of another kind
        return
    application.to_correct = []
    if status == "waiting_correction":
        application.to_correct = process.decisions_of(case_id)[-1].fields
    _turn(SYSTEM, application, status, outcome, now)


def bill_case(*, case_id: UUID, config: dict[str, Any], now: datetime) -> None:
    """Raise the bill of a case: the lines that its process works out, or the charter's fee."""
    application = Application.objects.get(id=case_id)
    cents = rules.bill_lines(config) or queries.fee_lines(application)
    service = queries.package_of(application.version_id)["service"]
    payments.raise_bill(
        actor=SYSTEM,
        payable_id=case_id,
        purpose="application",
        payer_person_id=application.person_id,
        description=service["name"],
        lines=[
            {
                "code": code,
                "description": queries.wording_of(application, code),
                "amount_cents": amount,
                "body_code": application.body_code,
            }
            for code, amount in cents.items()
        ],
        now=now,
    )


def order_document(*, case_id: UUID, config: dict[str, Any], now: datetime) -> None:
    """Order the document of a case, with the facts that its package names."""
    application = Application.objects.select_related("person", "organisation").get(id=case_id)
    package = queries.package_of(application.version_id)
    certificate = package["form"]["certificate"]
    credentials.issue_credential(
        actor=SYSTEM,
        issued_for=case_id,
        template=package["certificate_typ"],
        title=certificate["title"],
        data={
            "body": places.get_body(application.body_code).name,
            "facts": [
                {**fact["label"], "value": _fact(application, package["form"], fact["of"])}
                for fact in certificate["facts"]
            ],
        },
        holder_person_id=application.person_id,
        body_code=application.body_code,
        service_code=application.service_code,
        valid_until=rules.valid_until(_today(now), certificate.get("valid_months")),
        now=now,
    )


def _fact(application: Application, form: dict[str, Any], source: str) -> str:
    """Return what a document says: `person.<field>`, `organisation.<field>`, or the answer to a question; in English."""
    holder, _, field = source.partition(".")
    if holder == "person":
        value = getattr(application.person, field)
        return f"{value:%d %B %Y}" if isinstance(value, date) else str(value or "–")
    if holder == "organisation":
        return str(getattr(application.organisation, field))
    return queries.read_aloud(form["ui"][source], queries.all_answers(application).get(source), "en") or "–"

"""A case: sent once, however often it is asked; corrected, withdrawn, and followed as its process goes on.

Sending checks everything again, freezes the promise and starts the process, in one transaction.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from huduma.contexts.applications import events, queries, rules
from huduma.contexts.applications.models import Application
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import public as clocks
from huduma.contexts.credentials import public as credentials
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation import references
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal

MOVE_DUE = """
UPDATE applications_application AS a SET due_at = new.due_at
FROM unnest(%s::uuid[], %s::timestamptz[]) AS new (id, due_at) WHERE a.id = new.id
"""


class CannotWithdraw(Refusal):
    """This application has ended already. There is nothing to withdraw."""


class Incomplete(Refusal):
    """Some answers are missing or wrong. Go through the pages named here, then send the application."""

    def __init__(self, pages: list[str]) -> None:
        super().__init__()
        self.pages = pages


class ReferenceTaken(Refusal):
    """This reference belongs to another application. Give this one a new reference, and tell the applicant."""


@transaction.atomic
def submit(
    *, actor: Actor, application_id: UUID, reference: str = "", taken_at: datetime | None = None, now: datetime
) -> Application:
    """Send a draft: check it whole, freeze the promise, start the process. Sending again returns what was sent.

    `reference` and `taken_at`: what the applicant was given, and when, by an officer where no network was; the promise
    counts from then. Raises NotFound, Incomplete with the pages to go back to, ReferenceTaken, process.NoRule.
    """
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None or not queries.may_see(actor, application):
        raise NotFound
    if application.status != "draft":
        return application
    application.register_facts = {**application.register_facts, **queries.vouched_for(application)}
    _require_complete(application, now)
    _drop_what_is_not_asked(application)
    package = queries.package_of(application.version_id)
    promise = package["service"]["turnaround"]
    confidence = package["service"]["confidence"]["turnaround"]
    if reference and Application.objects.filter(reference=reference).exists():
        raise ReferenceTaken
    application.reference = reference or references.mint("HA")
    application.body_code = _deciding_body(application, package)
    application.status, application.status_at, application.submitted_at = "submitted", now, taken_at or now
    application.promise = {**promise, "confidence": confidence} if promise else None
    application.due_at = clocks.start_clocks(
        actor=SYSTEM, case_id=application.id, version_id=application.version_id, service_code=application.service_code,
        body_code=application.body_code, now=taken_at or now,
    )  # fmt: skip
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
    application.refresh_from_db(fields=["status", "due_at"])  # as the process and its clocks have moved on
    return application


def _require_complete(application: Application, now: datetime) -> None:
    form = queries.form_of(application)
    has_files = set(queries.uploaded(application))
    wrong = []
    if "lookup" in form and not application.register_state:
        wrong.append(form["lookup"]["page"])
    wrong += [
        page["id"]
        for page in queries.pages_of(application)
        if rules.problems(form, page["fields"], application.answers, has_files, timezone.localdate(now))
    ]
    if wrong:
        raise Incomplete(list(dict.fromkeys(wrong)))


def _drop_what_is_not_asked(application: Application) -> None:
    """Keep no answer and no file that the conditions do not call for: the law allows only what is needed."""
    asked = {name for page in queries.asked_pages(application) for name in page["fields"]}
    application.answers = {name: value for name, value in application.answers.items() if name in asked}
    for upload in application.uploads.exclude(field__in=asked):
        upload.delete()
        files.remove(upload.file_id)


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
    if not queries.may_withdraw(application):
        raise CannotWithdraw
    process.cancel(actor=SYSTEM, case_id=application.id, now=now)
    payments.cancel_bills(actor=SYSTEM, payable_id=application.id, now=now)
    application.status, application.status_at = "withdrawn", now
    application.save(update_fields=["status", "status_at"])
    _tell(actor, application.id, application.status, None, now)
    return application


def _tell(actor: Actor, application_id: UUID, status: str, outcome: str | None, now: datetime) -> None:
    event = events.StatusChanged(application_id=application_id, status=status, outcome=outcome)
    journal.record(actor=actor, event=event, now=now)


# What processes call. Each runs inside the transaction of the case's step.


def follow_case(*, case_id: UUID, step: str, status: str, outcome: str | None, now: datetime) -> None:
    """Take the status that a case's process announced."""
    row = Application.objects.filter(id=case_id)
    if not row.update(status=status, status_at=now, to_correct=[]):  # a case of another kind
        return
    if status == "waiting_correction":
        decided = process.decisions_of(case_id)
        row.update(to_correct=decided[-1].fields if decided else [])
    _tell(SYSTEM, case_id, status, outcome, now)


def follow_due(*, dues: Mapping[UUID, datetime | None]) -> None:
    """Keep when promises fall due, where pauses or a change of the calendar moved them."""
    with connection.cursor() as cursor:
        columns: list[list[Any]] = [list(dues), list(dues.values())]
        cursor.execute(MOVE_DUE, columns)


def must_pay(*, case_id: UUID, config: dict[str, Any], now: datetime) -> bool:
    """Whether a case costs anything, by the fee schedule of its version."""
    return bool(_billed(Application.objects.get(id=case_id), config, now))


def _billed(application: Application, config: dict[str, Any], now: datetime) -> list[catalogue.FeeLine]:
    return queries.fee_lines(application, on=timezone.localdate(now), decided=rules.decided(config))


def bill_case(*, case_id: UUID, config: dict[str, Any], now: datetime) -> None:
    """Raise the bill of a case by the fee schedule of its version; where that says that it is free, say so instead."""
    application = Application.objects.get(id=case_id)
    lines = _billed(application, config, now)
    if not lines:
        journal.record(actor=SYSTEM, event=events.NothingToPay(application_id=case_id), now=now)
        return
    service = queries.package_of(application.version_id)["service"]
    terms = dict(service.get("payment_terms", {}))
    due_days = terms.pop("due_days", None)
    payments.raise_bill(
        actor=SYSTEM,
        payable_id=case_id,
        purpose="application",
        payer_person_id=application.representative_id or application.person_id,
        payer_organisation_id=application.organisation_id,
        description=service["name"],
        lines=[
            {
                "code": line.code,
                "description": line.name,
                "amount_cents": line.amount_cents,
                "body_code": application.body_code,
                "legal_notice": line.legal_notice,
            }
            | ({"revenue_code": line.revenue_code} if line.revenue_code else {})
            | ({"from": line.from_on.isoformat()} if line.from_on else {})
            for line in lines
        ],
        currency=lines[0].currency,
        terms={**terms, "schedule": str(application.version_id)},
        due_days=due_days,
        convenience=True,
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
        holder_organisation_id=application.organisation_id,
        representative_person_id=application.representative_id,
        body_code=application.body_code,
        service_code=application.service_code,
        valid_until=rules.valid_until(timezone.localdate(now), certificate.get("valid_months")),
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

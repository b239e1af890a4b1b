"""Applying a record, once: what was done where no network was becomes what it would have been at a counter.

A record's lock, its state and the unique number that it uses up make it once, whoever tries again. What does not fit is a
conflict by a declared rule (`rules.CONFLICTS`), undone to the last row, and waits for a person.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.dateparse import parse_datetime

from huduma.contexts.applications import public as applications
from huduma.contexts.centres import public as centres
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.contexts.outreach import events, queries, rules
from huduma.contexts.outreach.models import HeldFile, Record
from huduma.contexts.outreach.operations import records
from huduma.contexts.payments import public as payments
from huduma.foundation import jobs, references
from huduma.foundation.access import SYSTEM, Actor, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal

NUMBER_ONCE = "outreach_number_used_once"


class Conflict(Exception):
    """A record does not fit what is here; `facts` are the ids and amounts of the other side."""

    def __init__(self, kind: str, **facts: Any) -> None:
        super().__init__(kind)
        self.kind, self.facts = kind, facts


def apply_record(*, record_id: UUID, now: datetime) -> None:
    """Apply a record that is ready; any other is left as it is.

    A register is asked outside any transaction, between opening the application and sending it.
    """
    if _step(record_id, _prepare, now):
        _ask_register(record_id, now)
        _step(record_id, _finish, now)
    record = Record.objects.get(id=record_id)
    if record.state in ("done", "refused"):
        go_on_after(record)


def go_on_after(record: Record) -> None:
    """Look again at the records that wait for this one."""
    with transaction.atomic():
        for waiting in Record.objects.select_for_update().filter(waits_for=record.id, state="waiting"):
            records.settle(waiting)


@transaction.atomic
def _step(record_id: UUID, step: Callable[[Record, Actor, datetime], None], now: datetime) -> bool:
    """Do a step of a record that is ready; returns whether it was done. A conflict undoes the step, and what went before it stays."""
    record = Record.objects.select_for_update(of=("self",)).select_related("device__account", "visit").get(id=record_id)
    if record.state != "ready":
        return False
    try:
        with transaction.atomic():
            step(record, queries.officer_of(record.device), now)
            record.save()
    except Conflict as conflict:
        _keep_conflict(record_id, conflict.kind, "", conflict.facts, now)
    except IntegrityError as error:
        if NUMBER_ONCE not in str(error):
            raise  # two at the same moment: the job tries again
        _keep_conflict(record_id, "number-used", "", {}, now)
    except Refusal as refusal:
        _keep_conflict(record_id, "refused", refusal.default_message(), {}, now)
    else:
        return True
    return False


def _keep_conflict(record_id: UUID, kind: str, message: str, facts: dict[str, Any], now: datetime) -> None:
    record = Record.objects.get(id=record_id)
    record.state, record.conflict, record.message = "conflict", kind, message
    record.facts = {**record.facts, "other": facts}
    record.save(update_fields=["state", "conflict", "message", "facts"])
    event = events.RecordDisputed(
        record_id=record.id, visit_id=record.visit_id, device_id=record.device_id, conflict=kind
    )
    journal.record(actor=SYSTEM, event=event, now=now)


def _decided(record: Record, kind: str) -> str:
    """Return what a person chose about a conflict of this record, or nothing."""
    return str(record.facts.get("decided", {}).get(kind, ""))


def _prepare(record: Record, actor: Actor, now: datetime) -> None:
    if record.kind == "application" and record.result_id is None:
        _open(record, actor, now)


def _finish(record: Record, actor: Actor, now: datetime) -> None:
    FINISH[record.kind](record, actor, now)
    record.state, record.done_at = "done", now
    _link_ticket(record, actor)
    event = events.RecordApplied(
        record_id=record.id, visit_id=record.visit_id, device_id=record.device_id, kind=record.kind,
        person_id=record.person_id, result_id=record.result_id,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)


def _open(record: Record, actor: Actor, now: datetime) -> None:
    """Register the person as assisted and consented, and open the application in their name, with answers and files."""
    body = record.body
    held = {str(one.id): one for one in HeldFile.objects.filter(record_id=record.id).exclude(file=None)}
    missing = [one for one in rules.file_ids(body) if one.lower() not in held]
    if missing and _decided(record, "files") != "as-draft":
        raise Conflict("files", missing=len(missing))
    person_id = _person(record, actor, now)
    helping = _assisting(record, person_id)
    _require_no_other(record, helping, body["service"], now)
    draft = applications.open_application(actor=helping, service_code=body["service"], now=now)
    applications.save_answers(actor=helping, application_id=draft.id, answers=body["answers"], now=now)
    for one in body.get("files") or []:
        if one["id"] in missing:
            continue
        kept = held[one["id"].lower()].file
        assert kept is not None
        try:
            applications.attach_file(
                actor=helping, application_id=draft.id, field=one["question"], content=bytes(kept.content),
                name=one.get("name") or kept.name, now=now,
            )  # fmt: skip
        except Refusal as refusal:
            raise Conflict("answers", problem=refusal.code, question=one["question"]) from refusal
    record.person_id, record.result_id = person_id, draft.id


def _one_at_a_time(key: str) -> None:
    """Wait, until this transaction ends, for others that hold the same key: two records of one person, or of one till."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"outreach:{key}"])


def _person(record: Record, actor: Actor, now: datetime) -> UUID:
    said = record.body["person"]
    choice = _decided(record, "another-name")
    consent = _consent(record)
    number = "".join((said.get("id_number") or "").split()) or None
    _one_at_a_time(number or f"{said['first_name']} {said['last_name']}".casefold())
    if choice == "as-known":
        known = identity.list_people_by_id_number(number or "")[0]
        identity.assist_known_person(actor=actor, person_id=known.id, consent=consent, now=now)
        return known.id
    facts = identity.IdentityFacts(
        id_number=None if choice == "without-number" else number, surname=said["last_name"].strip(),
        first_name=said["first_name"].strip(), other_names=said.get("other_names", "").strip(),
        birth_date=date.fromisoformat(said["birth_date"]) if said.get("birth_date") else None, sex=said.get("sex") or "",
    )  # fmt: skip
    try:
        return identity.register_assisted_person(
            actor=actor, facts=facts, phone=said.get("phone") or "", consent=consent, now=now
        ).id
    except identity.AnotherName:
        raise Conflict("another-name", person_id=str(identity.list_people_by_id_number(number or "")[0].id)) from None


def _consent(record: Record) -> str:
    return "by-mark" if record.body.get("signature") else "by-word"


def _assisting(record: Record, person_id: UUID) -> Actor:
    return identity.actor_for(
        record.device.account, channel="outreach", purpose="casework", second_factor=True, assisting=person_id
    )


def _require_no_other(record: Record, helping: Actor, service_code: str, now: datetime) -> None:
    draft = applications.get_draft_for(helping, service_code)
    if draft is not None:
        if _decided(record, "draft") != "replace":
            raise Conflict("draft", application_id=str(draft.id))
        applications.discard_draft(actor=helping, application_id=draft.id, now=now)
    sent = [
        one
        for one, _ in applications.list_applications_for(helping)
        if one.service_code == service_code and one.status not in rules.OVER and one.organisation_id is None
    ]
    if sent and _decided(record, "open-application") != "as-well":
        raise Conflict("open-application", application_id=str(sent[0].id), reference=sent[0].reference)


def _ask_register(record_id: UUID, now: datetime) -> None:
    """Let a register answer where the form has one answer; where it does not, the officer's own answers are taken, to be checked."""
    record = Record.objects.select_related("device__account").get(id=record_id)
    if record.kind != "application" or record.state != "ready" or record.result_id is None or record.person_id is None:
        return
    helping = _assisting(record, record.person_id)
    draft = applications.get_application_for(helping, record.result_id)
    asks = any(applications.asks_register(draft, page["id"]) for page in applications.pages_of(draft))
    if draft.status != "draft" or not asks:
        return
    try:
        applications.ask_register(actor=helping, application_id=draft.id, now=now)
    except (exchange.RegisterUnavailable, exchange.TooManyAttempts):
        applications.go_by_hand(actor=helping, application_id=draft.id, now=now)
    except Refusal:
        return  # the question stays open, so that sending it becomes a conflict


def _send(record: Record, actor: Actor, now: datetime) -> None:
    assert record.person_id is not None
    assert record.result_id is not None
    if (
        record.decided_at is not None
    ):  # the consent was given for this application, however long a person thought about it
        identity.assist_known_person(actor=actor, person_id=record.person_id, consent=_consent(record), now=now)
    helping = _assisting(record, record.person_id)
    if "as-draft" in (_decided(record, "answers"), _decided(record, "files")):
        _tell_unfinished(record, now)
        _drop_files(record)
        return
    fresh = _decided(record, "number-used") == "new-number"
    reference = references.mint("HA") if fresh else record.number
    try:
        applications.submit(
            actor=helping, application_id=record.result_id, reference=reference, taken_at=record.made_at, now=now
        )
    except applications.Incomplete as incomplete:
        raise Conflict("answers", application_id=str(record.result_id), pages=incomplete.pages) from None
    except applications.ReferenceTaken:
        raise Conflict("number-used", number=record.number) from None
    record.number = reference
    _drop_files(record)


def _tell_unfinished(record: Record, now: datetime) -> None:
    """Tell the person that what an officer took in has to be finished; the application stays theirs as a draft."""
    contact = identity.contact_of(record.person_id) if record.person_id else None
    record.number = ""
    if contact is not None and contact.phone:
        messages.send(
            actor=SYSTEM, kind="outreach.unfinished", language=contact.language, to_phone=contact.phone,
            text=queries.unfinished_text(record, contact.language), dedupe_key=f"outreach.unfinished:{record.id}",
            about=record.result_id, now=now,
        )  # fmt: skip


def _enter_ticket(record: Record, actor: Actor, now: datetime) -> None:
    said, number = record.body, record.body["number"]
    if _decided(record, "number-used") == "new-number":
        number = f"{number}B"
        record.number = f"{record.number}B"
    ended_at = min(_moment(said["finished_at"], now), now)
    try:
        ticket = centres.enter_served(
            actor=actor, centre_code=record.visit.site_id, number=number, service_code=said["service"],
            priority=said.get("priority") or "", language=said.get("language", "sw"), outcome=said["outcome"],
            served_at=min(_moment(said["called_at"], now), ended_at), ended_at=ended_at, now=now,
        )  # fmt: skip
    except centres.NumberTaken:
        raise Conflict("number-used", number=number) from None
    record.result_id = ticket.id


def _link_ticket(record: Record, actor: Actor) -> None:
    """Tie the ticket of a visit to whom it was for and to what they applied for: whichever of the two records comes second does it."""
    ticket_id = record.id if record.kind == "ticket" else record.body.get("ticket")
    if record.kind not in ("ticket", "application") or ticket_id is None:
        return
    _one_at_a_time(f"ticket:{ticket_id}")
    of_device = Record.objects.filter(device_id=record.device_id, state="done")
    other = (
        of_device.filter(kind="application", body__ticket=str(record.id))
        if record.kind == "ticket"
        else of_device.filter(kind="ticket", id=ticket_id)
    ).first()
    ticket, application = (record, other) if record.kind == "ticket" else (other, record)
    if ticket and application and ticket.result_id and application.result_id and application.person_id:
        centres.link_served(
            actor=actor, ticket_id=ticket.result_id, person_id=application.person_id, case_id=application.result_id
        )


def _moment(text: str, now: datetime) -> datetime:
    return parse_datetime(text) or now


def _take_cash(record: Record, actor: Actor, now: datetime) -> None:
    """Take the cash of a receipt for the bill of its application, at the till of this officer on this visit."""
    said = record.body
    application = _paid_for(record)
    bill = next((one for one in payments.bills_for_payable(application) if one.state == "open"), None)
    if bill is None or payments.due_cents(bill, "cash", "KES") != said["amount_minor"]:
        due = payments.due_cents(bill, "cash", "KES") if bill else 0
        raise Conflict("cash", application_id=str(application), due_cents=due, taken_cents=said["amount_minor"])
    till = f"{record.visit.reference} {record.device.letters}"
    _one_at_a_time(till)
    mine = payments.till_of(actor)
    if mine is None:
        own = record.visit.body_code
        body = own if own in actor.body_codes else min(actor.body_codes, default=own)
        payments.open_till(actor=actor, till=till, body_code=body, float_cents=0, now=now)
    elif mine.till != till or mine.state != "open":
        raise payments.TillTaken
    if _decided(record, "number-used") == "new-number":
        record.number = references.mint("RC")
    payment, _ = payments.take_cash(
        actor=actor, reference=bill.reference, given_cents=said["amount_minor"], receipt=record.number, now=now
    )
    record.result_id = payment.id


def _paid_for(record: Record) -> UUID:
    """Return the application that a receipt is for: that of its record, else that of its reference."""
    reference = references.normalise(record.body["reference"]) or ""
    about = Record.objects.filter(kind="application", state="done", visit_id=record.visit_id)
    named = about.filter(id=record.waits_for) if record.waits_for else about.filter(number=reference)
    found = named.values_list("result_id", flat=True).first()
    if found is None:
        raise Conflict("no-application", reference=record.body["reference"])
    return found


def _use_up(record: Record, actor: Actor, now: datetime) -> None:
    """A number that was used by mistake is used up: the record itself says so."""


FINISH: dict[str, Callable[[Record, Actor, datetime], None]] = {
    "application": _send,
    "ticket": _enter_ticket,
    "receipt": _take_cash,
    "void": _use_up,
}


def _drop_files(record: Record) -> None:
    """Delete the files of an application that has its own now; what shows who asked and that they agreed stays."""
    kept = [one.lower() for one in rules.kept_ids(record.body)]
    for held in HeldFile.objects.filter(record_id=record.id).exclude(file=None):
        if str(held.id) not in kept and held.file_id is not None:
            file_id, held.file = held.file_id, None
            held.save(update_fields=["file"])
            files.remove(file_id)


def give_again(*, before: datetime) -> int:
    """Hand records that have been ready since before a time to the job again, once each; returns how many."""
    late = list(Record.objects.filter(state="ready", received_at__lt=before).order_by("received_at")[:1000])
    for record in late:
        jobs.defer("outreach.apply", record_id=str(record.id), once=f"outreach.again:{record.id}")
    return len(late)


@transaction.atomic
def expect_no_more(*, now: datetime) -> int:
    """Let the records go on whose tablet is lost or not known any more: what they waited for does not come, and a person decides.

    Returns how many.
    """
    gone = Q(device__state="lost") | Q(device__expires_at__lte=now)
    unsettled = Record.objects.exclude(state__in=["done", "refused"]).values("id")
    waiting = Record.objects.select_for_update(of=("self",)).filter(gone, state="waiting")
    late = list(waiting.exclude(waits_for__in=unsettled).order_by("received_at")[:1000])
    for record in late:
        record.state = "ready"
        record.save(update_fields=["state"])
        records.hand_to_job(record)
    return len(late)

"""The library of service tasks that a package can use without code, as far as it is about applications.

Each runs inside the transaction of the case's step; `look_up` is called by a job between two transactions. What a package may
configure is the schema beside each name in `LIBRARY`; docs/bpmn.md describes them.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from huduma.contexts.applications import events, queries
from huduma.contexts.applications.models import Application
from huduma.contexts.applications.operations.agreements import ask_to_agree
from huduma.contexts.applications.operations.cases import bill_case, must_pay, order_document
from huduma.contexts.credentials import public as credentials
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.process import public as process
from huduma.foundation.access import SYSTEM, Refusal
from huduma.foundation.journal import public as journal


class NoSuchNotice(Refusal):
    """This package has no words for the message that the step sends. Add them to messages.yaml and publish it again."""


def await_payment(*, case_id: UUID, config: dict[str, Any], now: datetime) -> process.Resting | dict[str, Any]:
    """Wait until the case's bills are settled; those that are settled already, or none, keep nobody waiting."""
    bills = payments.bills_for_payable(case_id)
    return process.RESTING if any(bill.state == "open" for bill in bills) else {}


def ask_applicant(*, case_id: UUID, config: dict[str, Any], now: datetime) -> process.Resting:
    """Ask the applicant to answer some questions again; the step's name says why."""
    Application.objects.filter(id=case_id).update(to_correct=config["fields"].split())
    return process.RESTING


def send_notice(*, case_id: UUID, config: dict[str, Any], now: datetime) -> None:
    """Send the applicant a message that the package words."""
    application = Application.objects.only("version_id").get(id=case_id)
    if config["notice"] not in queries.package_of(application.version_id).get("messages", {}):
        raise NoSuchNotice
    event = events.NoticeOrdered(application_id=case_id, notice=config["notice"])
    journal.record(actor=SYSTEM, event=event, now=now)


def revoke_document(*, case_id: UUID, config: dict[str, Any], now: datetime) -> None:
    """Declare the case's document void. Raises the error `no-document` where there is none."""
    document = credentials.document_of(case_id)
    if document is None:
        raise process.Thrown("no-document")
    credentials.revoke_credential(actor=SYSTEM, credential_id=document.id, reason=config["reason"], now=now)


def look_up(*, case_id: UUID, config: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Ask a register about the case; what the process declares of its answer becomes facts.

    Raises the error `not-found` where the register holds nothing; an outage is tried again later.
    """
    application = Application.objects.select_related("person", "organisation").get(id=case_id)
    key = {
        name.removeprefix("key."): _value(application, source) for name, source in config.items() if name.startswith("key.")
    }  # fmt: skip
    try:
        return dict(exchange.look_up(actor=SYSTEM, register=config["register"], key=key, now=now))
    except exchange.NotInRegister:
        raise process.Thrown("not-found") from None


def _value(application: Application, source: str) -> str:
    """Return a key for a register: `person.<field>`, `organisation.<field>`, or the answer to a question."""
    holder, _, field = source.partition(".")
    if holder == "person":
        person = identity.get_person_for(SYSTEM, application.person_id)
        value = getattr(person, field, None)
    elif holder == "organisation":
        value = getattr(application.organisation, field, None)
    else:
        value = queries.all_answers(application).get(source)
    return value.isoformat() if isinstance(value, date) else str(value or "")


TEXT = {"type": "string", "minLength": 1}
CENTS = {"patternProperties": {"^[a-z_]+_cents$": {"type": ["integer", "number", "string"]}}}
KEYS = {
    "properties": {"register": TEXT}, "patternProperties": {r"^key\.[a-z_]+$": TEXT}, "required": ["register"],
    "minProperties": 2,
}  # fmt: skip
WORDS = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*( [a-z][a-z0-9_]*)*$"}

#: Name → what `process.register_action` is told of it.
LIBRARY: dict[str, dict[str, Any]] = {
    "raise-bill": {"action": bill_case, "need": must_pay, "schema": CENTS},
    "wait-for-payment": {"action": await_payment, "awaits": {"bill-settled": "paid"}},
    "ask-applicant": {
        "action": ask_applicant, "awaits": {"corrected": "corrected"}, "status": "waiting_correction",
        "schema": {"properties": {"fields": WORDS}, "required": ["fields"]},
    },
    "ask-agreement": {"action": ask_to_agree},
    "require-appointment": {
        "awaits": {"appointment-attended": "attended", "appointment-missed": "missed"}, "status": "waiting_visit",
    },
    "send-message": {
        "action": send_notice, "schema": {"properties": {"notice": WORDS}, "required": ["notice"]},
    },
    "issue-credential": {"action": order_document},
    "revoke-credential": {
        "action": revoke_document, "schema": {"properties": {"reason": TEXT}, "required": ["reason"]},
    },
    "look-up-register": {"call": look_up, "schema": KEYS},
}  # fmt: skip

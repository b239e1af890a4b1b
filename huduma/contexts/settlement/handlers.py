"""Bodies hear by e-mail of money on its way to them, accountants of what a check found. Taxpayers get invoices and credit notes."""

from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.contexts.settlement import operations, queries
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal
from huduma.foundation.money import format_cents

ADVICE_SUBJECT = gettext_noop("Remittance advice %(name)s")
ADVICE = gettext_noop(
    "Huduma hands over %(amount)s to %(body)s, %(count)s revenue codes, in batch %(name)s. The advice on paper is here: %(link)s"
)
ALARM_SUBJECT = gettext_noop("The books need a person: %(check)s")
ALARM = gettext_noop("The daily check “%(check)s” found %(count)s. See what it is here: %(link)s")


@journal.handles("settlement.batch.moved")
def on_batch(entry: journal.Entry) -> None:
    """Send each body its advice once the order is with the bank."""
    if entry.facts["state"] != "sent":
        return
    found = queries.remittances_of(UUID(entry.facts["batch_id"]))
    for body_code in sorted({one.body_code for one in found}):
        own = [one for one in found if one.body_code == body_code]
        total, batch = sum(one.amount_cents for one in own), own[0].batch
        facts = {
            "name": batch.message_id, "amount": format_cents(total, batch.currency), "count": len(own),
            "body": lazy(_body_name, str)(body_code),
        }  # fmt: skip
        _tell(entry, queries.CHECKERS, body_code, ADVICE_SUBJECT, ADVICE, f"desk/batches/{batch.id}/", facts)


def _body_name(code: str) -> str:
    return queries.body_names().get(code, code)


@journal.handles("payments.bill.settled")
def on_settled(entry: journal.Entry) -> None:
    """Number the tax invoices of the taxpayers on a bill."""
    operations.order_tax_invoices(bill_id=UUID(entry.facts["bill_id"]), now=entry.at)


@journal.handles("payments.rate.decided")
def on_rate(entry: journal.Entry) -> None:
    """Number the tax invoices that waited for the rate of their day."""
    if entry.facts["approved"] and entry.facts.get("day"):
        operations.order_waiting_invoices(day=date.fromisoformat(entry.facts["day"]), now=entry.at)


@journal.handles("payments.refund.succeeded")
def on_refund(entry: journal.Entry) -> None:
    """Number the credit notes for what went back of invoiced money."""
    if entry.facts["bill_id"] and entry.facts.get("transfer_id"):
        operations.order_credit_notes(
            bill_id=UUID(entry.facts["bill_id"]), refund_id=UUID(entry.facts["refund_id"]),
            transfer_id=UUID(entry.facts["transfer_id"]), now=entry.at,
        )  # fmt: skip


@journal.handles("settlement.check.failed")
def on_finding(entry: journal.Entry) -> None:
    """Tell the accountants of all bodies, and the auditors."""
    facts = {"check": lazy(operations.check_words, str)(entry.facts["check"]), "count": entry.facts["count"]}
    _tell(entry, queries.EVIDENCE, "", ALARM_SUBJECT, ALARM, "desk/checks/", facts)


def _tell(
    entry: journal.Entry, roles: tuple[str, ...], body_code: str, subject: str, text: str, page: str,
    facts: dict[str, object],
) -> None:  # fmt: skip
    for colleague in identity.list_staff(roles=roles, body_code=body_code):
        contact = identity.staff_contact_of(colleague.account_id)
        if not contact.email:
            continue
        with override(contact.language):
            link = {"link": f"{settings.PUBLIC_URL}/{contact.language}/{page}"}
            messages.send(
                actor=SYSTEM, kind=entry.act, language=contact.language, to_email=contact.email,
                subject=gettext(subject) % facts, text=gettext(text) % {**facts, **link},
                dedupe_key=f"settlement:{entry.id}:{body_code}:{colleague.account_id}", now=entry.at,
            )  # fmt: skip

"""The revenue statement and the remittance advice: one table each, which the screen, the paper and the workbook all show."""

from datetime import date
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.contexts.settlement.models import StatementLine
from huduma.contexts.settlement.providers.reports import Report
from huduma.contexts.settlement.queries.access import bodies_seen, midnight
from huduma.contexts.settlement.queries.batches import batch_for
from huduma.contexts.settlement.queries.standings import revenue_for
from huduma.contexts.settlement.rules import quarterly_due
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.money import SYMBOLS
from huduma.foundation.translated import pick


def body_names() -> dict[str, str]:
    """Return the names of public bodies by code, in the active language."""
    return {one.code: pick(one.name) for one in places.list_bodies()}


def revenue_report(actor: Actor, since: date, before: date, currency: str, *, quarterly: bool) -> Report:
    """Return the receiver's statement of a month, or the report of a quarter with what was done beside the money. Raises NotPermitted."""
    rows = revenue_for(actor, since, before, currency)
    names = body_names()
    last = date.fromordinal(before.toordinal() - 1)
    notes = [
        f"{date_format(since, 'j F Y')} – {date_format(last, 'j F Y')} · {SYMBOLS[currency]}",
        gettext("Every figure is the ledger’s as it stood at midnight in Kenya."),
    ]
    if quarterly:
        due = date_format(quarterly_due(before), "j F Y")
        notes.append(gettext("Due by %(due)s (Public Finance Management Act, section 83(3)).") % {"due": due})
        notes += _done(actor, since, before)
    else:
        notes.append(gettext("Statement of the receiver of revenue (Public Finance Management Act, section 76(3))."))
    table: list[list[str | int]] = [
        [
            names.get(one.body_code, one.body_code), one.revenue_code or "–", one.opening_cents, one.collected_cents,
            one.returned_cents, one.handed_over_cents, one.closing_cents,
        ]
        for one in rows
    ]  # fmt: skip
    return Report(
        title=gettext("Quarterly revenue report") if quarterly else gettext("Monthly revenue statement"),
        notes=notes,
        columns=[
            gettext("Public body"), gettext("Revenue code"), gettext("Owed at the start"), gettext("Collected"),
            gettext("Given back or corrected"), gettext("Handed over"), gettext("Owed at the end"),
        ],
        words=2, rows=table, totals=[gettext("Total"), "", *_sums(table)],
    )  # fmt: skip


def _sums(table: list[list[str | int]]) -> list[str | int]:
    return [sum(int(row[column]) for row in table) for column in range(2, 7)]


def _done(actor: Actor, since: date, before: date) -> list[str]:
    """Say how much was done, for those who see it all."""
    if bodies_seen(actor) is not None:
        return []
    counts = payments.count_movements(midnight(since), midnight(before))
    lines = StatementLine.objects.filter(at__gte=midnight(since), at__lt=midnight(before))
    words = gettext(
        "%(payments)s payments, %(refunds)s refunds; %(lines)s lines of statements, %(open)s of them not yet matched."
    )
    facts = {
        "payments": f"{counts.get('payment', 0):,}", "refunds": f"{counts.get('refund', 0):,}",
        "lines": f"{lines.count():,}", "open": f"{lines.filter(state='open').count():,}",
    }  # fmt: skip
    return [words % facts]


def advice_for(actor: Actor, batch_id: UUID, body_code: str) -> Report:
    """Return what a body is told of its money in a batch. Raises NotPermitted, NotFound."""
    batch, found, _ = batch_for(actor, batch_id)
    found = [one for one in found if one.body_code == body_code]
    if not found or batch.checked_at is None or batch.state == "rejected":
        raise NotFound
    account = found[0].bank_account
    facts = {
        "day": date_format(timezone.localtime(batch.checked_at), "j F Y"),
        "bank": account.bic,
        "account": account.account,
    }
    notes = [
        body_names().get(body_code, body_code),
        gettext("Approved on %(day)s, to account %(account)s at %(bank)s.") % facts,
        gettext("What was collected before %(day)s.") % {"day": date_format(timezone.localtime(batch.before), "j F Y")},
    ]
    rows: list[list[str | int]] = [
        [
            one.ledger_account.split(":", 2)[2] if one.ledger_account.count(":") > 1 else "–",
            one.end_to_end,
            one.amount_cents,
        ]
        for one in found
    ]
    return Report(
        title=gettext("Remittance advice %(name)s") % {"name": batch.message_id}, notes=notes,
        columns=[gettext("Revenue code"), gettext("Reference at the bank"), f"{gettext('Amount')} ({SYMBOLS[batch.currency]})"],
        words=2, rows=rows, totals=[gettext("Total"), "", sum(one.amount_cents for one in found)],
    )  # fmt: skip

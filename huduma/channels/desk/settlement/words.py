"""What the auditor's trail calls acts, transfers, notices, and whoever acted."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from huduma.channels.desk.settlement.batches import STATES
from huduma.foundation.journal import public as journal

ACTS = {
    "applications.application.opened": gettext_lazy("Began the application"),
    "applications.page.saved": gettext_lazy("Saved answers of a page"),
    "applications.register.answered": gettext_lazy("A register’s facts were taken over"),
    "applications.file.attached": gettext_lazy("Added a file"),
    "applications.file.removed": gettext_lazy("Removed a file"),
    "applications.draft.discarded": gettext_lazy("Threw the draft away"),
    "applications.application.submitted": gettext_lazy("Sent the application"),
    "applications.status.changed": gettext_lazy("The application came to another step"),
    "applications.application.moved": gettext_lazy("The application goes on under another version of the service"),
    "applications.notice.ordered": gettext_lazy("The applicant was sent a message"),
    "applications.application.corrected": gettext_lazy("Corrected the application"),
    "applications.case.opened": gettext_lazy("Looked at the application"),
    "applications.agreement.asked": gettext_lazy("Somebody was asked to agree"),
    "applications.agreement.answered": gettext_lazy("Somebody agreed or declined"),
    "applications.agreement.opened": gettext_lazy("Whoever has to agree read the answers"),
    "applications.bill.not_needed": gettext_lazy("The schedule of fees asks for nothing"),
    "payments.bill.raised": gettext_lazy("The bill was raised"),
    "payments.payment.started": gettext_lazy("Asked for the money"),
    "payments.payment.failed": gettext_lazy("The payment did not happen"),
    "payments.payment.merged": gettext_lazy("The money is counted with another payment’s receipt"),
    "payments.payment.suspended": gettext_lazy("The money came and does not settle the bill"),
    "payments.payment.unexplained": gettext_lazy("Left to a person: the gateway gave no answer"),
    "payments.ruling.proposed": gettext_lazy("Proposed how to end the payment"),
    "payments.ruling.decided": gettext_lazy("Decided on that proposal"),
    "payments.refund.ordered": gettext_lazy("A refund was ordered by rule"),
    "payments.refund.proposed": gettext_lazy("Proposed a refund"),
    "payments.refund.approved": gettext_lazy("Approved the refund"),
    "payments.refund.rejected": gettext_lazy("Rejected the refund"),
    "payments.refund.recorded": gettext_lazy("Recorded the refund as paid by hand"),
    "payments.refund.not_found": gettext_lazy("Did not find the evidence of a payment by hand"),
    "payments.refund.closing": gettext_lazy("Proposed to close the refund without paying"),
    "payments.refund.closed": gettext_lazy("The refund was closed without paying"),
    "payments.refund.not_closed": gettext_lazy("The refund stays open"),
    "payments.refund.succeeded": gettext_lazy("The refund is back with the payer"),
    "payments.refund.paid_twice": gettext_lazy("The refund went out a second time, and is owed to us"),
    "payments.receivable.asked": gettext_lazy("The payer was asked to return it"),
    "payments.receivable.write_off_proposed": gettext_lazy("Proposed to write it off"),
    "payments.receivable.write_off_decided": gettext_lazy("Decided on writing it off"),
    "payments.receivable.recovered": gettext_lazy("Came back after it was written off"),
    "payments.refund.stuck": gettext_lazy("The refund waits for a person"),
    "payments.refund.resent": gettext_lazy("Sent the refund to the gateway again"),
    "payments.till.opened": gettext_lazy("Opened a till"),
    "payments.till.counted": gettext_lazy("Counted a till"),
    "payments.till.closed": gettext_lazy("Closed a till"),
    "payments.bill.penalised": gettext_lazy("A penalty for late payment was added"),
    "payments.instalments.agreed": gettext_lazy("Agreed on instalments"),
    "payments.instalment.paid": gettext_lazy("An instalment was paid"),
    "payments.instalment.due": gettext_lazy("An instalment was called to mind"),
    "payments.instalment.missed": gettext_lazy("An instalment was missed"),
    "payments.basket.made": gettext_lazy("Put bills together"),
    "payments.waiver.asked": gettext_lazy("Asked for a waiver"),
    "payments.waiver.decided": gettext_lazy("Decided on the waiver"),
    "payments.rate.proposed": gettext_lazy("Entered an exchange rate"),
    "payments.rate.decided": gettext_lazy("Decided on an exchange rate"),
    "payments.bill.settled": gettext_lazy("The bill is paid"),
    "payments.bill.cancelled": gettext_lazy("The bill was cancelled"),
    "settlement.statement.taken": gettext_lazy("Took a statement"),
    "settlement.line.explained": gettext_lazy("Said what a line of the statement is"),
    "settlement.bank_account.changed": gettext_lazy("A body’s bank account changes"),
    "settlement.batch.moved": gettext_lazy("The hand-over"),
    "settlement.remittance.returned": gettext_lazy("A body’s bank sent money back"),
    "settlement.tax_invoice.issued": gettext_lazy("KRA signed the tax invoice"),
    "settlement.check.failed": gettext_lazy("A daily check found something"),
}
TRANSFERS = {
    "collection": gettext_lazy("Money that came"),
    "application": gettext_lazy("Money that was kept, now set against the bill"),
    "refund": gettext_lazy("Money that went back"),
    "given-twice": gettext_lazy("Money that went back a second time"),
    "reversal": gettext_lazy("A transfer taken back"),
    "waiver": gettext_lazy("A waiver"),
    "till-variance": gettext_lazy("What a till’s count was off"),
    "hand-over": gettext_lazy("Handed over to a body"),
    "handed-over": gettext_lazy("Left our bank for the body’s"),
    "returned": gettext_lazy("Sent back by the body’s bank"),
    "charge": gettext_lazy("A charge of the gateway or bank"),
    "sweep": gettext_lazy("Money moved between our own accounts"),
    "write-off": gettext_lazy("Written off"),
}
NUMBERED = re.compile(r"-\d+$")
ACTORS = {
    "person": gettext_lazy("the customer"),
    "system": gettext_lazy("the platform by itself"),
    "anonymous": gettext_lazy("whoever had the bill’s number"),
}
ROLES = {
    "officer": gettext_lazy("officer"), "supervisor": gettext_lazy("supervisor"), "secretariat": gettext_lazy("secretariat"),
    "administrator": gettext_lazy("administrator"), "agent": gettext_lazy("contact centre agent"),
    "focal": gettext_lazy("focal person"), "accounting_officer": gettext_lazy("accounting officer"),
    "integrity": gettext_lazy("integrity officer"), "accountant": gettext_lazy("accountant"), "auditor": gettext_lazy("auditor"),
    "analyst": gettext_lazy("analyst"),
}  # fmt: skip


def act_words(entry: journal.Entry) -> str:
    """Return what somebody did, and how it ended where the act alone does not say it."""
    words = str(ACTS.get(entry.act, entry.act))
    state = entry.facts.get("state") if entry.act.startswith("settlement.") else None
    if state in STATES:
        return f"{words}: {STATES[state]}"
    if "approved" in entry.facts:
        return f"{words}: {gettext('agreed') if entry.facts['approved'] else gettext('not agreed')}"
    return words


def role_words(roles: str, bodies: dict[str, str]) -> str:
    """Return the roles that somebody acted in (`accountant,supervisor@CRS`) in words, with the names of bodies."""
    found = []
    for one in filter(None, roles.split(",")):
        role, _, body = one.partition("@")
        words = str(ROLES.get(role, role))
        found.append(f"{words}, {bodies.get(body, body)}" if body else words)
    return "; ".join(found)


def transfer_words(kind: str) -> str | Promise:
    """Return what a transfer is: refunds of a payment are numbered (`refund-1`), and so is what went wrong with them."""
    return TRANSFERS.get(NUMBERED.sub("", kind), kind)

"""What payments do when something happened below, and how whoever paid hears what became of the money, in their language.

Whoever paid is not always the one who owes the bill.
"""

from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.messages import public as messages
from huduma.contexts.payments.models import Bill, Payment
from huduma.contexts.payments.queries import due_cents, owner_of, reach
from huduma.foundation import money, references
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

NOTICES = {
    "settled": gettext_noop("Huduma: we received %(amount)s for bill %(reference)s. It is paid. Receipt: %(receipt)s"),
    "held": gettext_noop(
        "Huduma: we received %(amount)s for bill %(reference)s, less than the bill. It is kept; pay the rest with the same reference."
    ),
    "surplus": gettext_noop("Huduma: we received %(amount)s, and no open bill needs it. We keep it safe and will contact you."),
    "payments.payment.unexplained": gettext_noop(
        "Huduma: we do not know yet whether your payment for bill %(reference)s arrived. Do not pay again; an officer is asking."
    ),
    "payments.refund.ordered": gettext_noop("Huduma: %(amount)s of what you paid for bill %(reference)s was too much. We send it back."),
    "payments.refund.approved": gettext_noop(
        "Huduma: we give you back %(amount)s of what you paid for bill %(reference)s. It is on its way."
    ),
    "payments.refund.stuck": gettext_noop(
        "Huduma: giving you back %(amount)s for bill %(reference)s takes longer. An officer sees to it; you need to do nothing."
    ),
    "payments.receivable.recovered": gettext_noop(
        "Huduma: we received %(amount)s that you returned for bill %(reference)s. Thank you. Receipt: %(receipt)s"
    ),
    "payments.refund.succeeded": gettext_noop("Huduma: %(amount)s that you paid for bill %(reference)s has been given back to you."),
}  # fmt: skip
TURNS = {
    "payments.bill.penalised": gettext_noop(
        "Huduma: bill %(reference)s was not paid in time. %(amount)s were added. Now %(left)s are to be paid."
    ),
    "payments.instalments.agreed": gettext_noop("Huduma: you pay bill %(reference)s in instalments. Its page shows what is due when."),
    "payments.instalment.paid": gettext_noop("Huduma: we received %(amount)s for bill %(reference)s. %(left)s are left."),
    "payments.instalment.due": gettext_noop("Huduma: %(amount)s of bill %(reference)s are due by %(day)s."),
    "payments.instalment.missed": gettext_noop(
        "Huduma: an instalment of bill %(reference)s was not paid by %(day)s. Now all that is left, %(left)s, is due."
    ),
    "payments.waiver.decided": gettext_noop("Huduma: %(amount)s of bill %(reference)s were waived. %(left)s are left to pay."),
}  # fmt: skip

ASKED_BACK = gettext_noop(
    "Huduma: by our mistake you were given back %(amount)s twice. Please return it once, with reference %(reference)s: %(link)s"
)


@journal.handles(
    "payments.bill.settled", "payments.payment.suspended", "payments.payment.unexplained", "payments.refund.ordered",
    "payments.refund.approved", "payments.refund.stuck", "payments.refund.succeeded",
    "payments.receivable.recovered",
)  # fmt: skip
def on_money(entry: journal.Entry) -> None:
    """Tell the payer by SMS: at the number that paid, else whoever owes the bill."""
    payment_id = entry.facts["payment_id"]  # none where all that a bill owed was waived
    payment = Payment.objects.select_related("bill").filter(id=payment_id).first() if payment_id else None
    if payment is None or (entry.act == "payments.bill.settled" and entry.facts["bill_id"] != str(payment.bill_id)):
        return  # of the bills that a basket pays its payer hears once, by the basket
    turn = "settled" if entry.act == "payments.bill.settled" else entry.facts.get("state", entry.act)
    if turn == "surplus" and payment.bill_id is not None:
        return  # the refund that was ordered at once says it
    owner = owner_of(payment.bill)
    alone = payment.bill is not None and not payment.bill.is_basket
    if turn == "settled" and alone and (not payment.phone or (owner and payment.phone == owner.phone)):
        return  # whoever owes the bill hears of it with the case
    reached = reach(payment)
    if reached is None:
        return
    phone, language = reached
    cents = entry.facts.get("amount_cents") or payment.amount_cents
    values = {
        "amount": money.format_cents(payment.received_cents or cents if turn == "settled" else cents, payment.currency),
        "reference": references.display(payment.bill.reference) if payment.bill else payment.typed_reference,
        "receipt": payment.receipt or "–",
    }
    with override(language):
        messages.send(
            actor=SYSTEM, kind=f"payments.{turn}", language=language, text=gettext(NOTICES[turn]) % values,
            to_phone=phone, dedupe_key=f"payer:{entry.id}", about=payment.id, now=entry.at,
        )  # fmt: skip


@journal.handles("payments.receivable.asked")
def on_asked_back(entry: journal.Entry) -> None:
    """Ask whoever got a refund twice to give it back, by the reference of the bill for it."""
    reached = reach(Payment.objects.select_related("bill").get(id=UUID(entry.facts["payment_id"])))
    if reached is None:
        return
    phone, language = reached
    bill = Bill.objects.get(id=UUID(entry.facts["owed_bill_id"]))
    with override(language):
        values = {
            "amount": money.format_cents(entry.facts["amount_cents"], bill.currency),
            "reference": references.display(bill.reference),
            "link": f"{settings.PUBLIC_URL}/{language}/pay/{bill.reference}/",
        }
        messages.send(
            actor=SYSTEM, kind=entry.act, language=language, text=gettext(ASKED_BACK) % values, to_phone=phone,
            dedupe_key=f"payer:{entry.id}", about=bill.id, now=entry.at,
        )  # fmt: skip


@journal.handles(*TURNS)
def on_terms(entry: journal.Entry) -> None:
    """Tell whoever owes a bill, by SMS, what changed about it or falls due."""
    bill = Bill.objects.get(id=UUID(entry.facts["bill_id"]))
    owner = owner_of(bill)
    if owner is None or not owner.phone or entry.facts.get("approved") is False:
        return
    with override(owner.language):
        values = {
            "amount": money.format_cents(entry.facts["amount_cents"], bill.currency),
            "left": money.format_cents(due_cents(bill), bill.currency),
            "reference": references.display(bill.reference),
            "day": date_format(date.fromisoformat(entry.facts["due_on"]), "j F Y") if "due_on" in entry.facts else "",
        }
        messages.send(
            actor=SYSTEM, kind=entry.act, language=owner.language, text=gettext(TURNS[entry.act]) % values,
            to_phone=owner.phone, dedupe_key=f"owner:{entry.id}", about=bill.id, now=entry.at,
        )  # fmt: skip

"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class BillRaised(Event):
    """Something is owed."""

    act: ClassVar[str] = "payments.bill.raised"
    subject: ClassVar[str] = "bill_id"
    bill_id: UUID
    payable_id: UUID
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class PaymentStarted(Event):
    """A payer was asked for the money of a bill."""

    act: ClassVar[str] = "payments.payment.started"
    subject: ClassVar[str] = "payment_id"
    payment_id: UUID
    bill_id: UUID
    payable_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(Event):
    """A payment did not happen; `reason` is one of the gateway reasons."""

    act: ClassVar[str] = "payments.payment.failed"
    subject: ClassVar[str] = "payment_id"
    payment_id: UUID
    bill_id: UUID | None
    payable_id: UUID | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class PaymentMerged(Event):
    """What was kept as a payment of its own is the money of another payment, which has it."""

    act: ClassVar[str] = "payments.payment.merged"
    subject: ClassVar[str] = "payment_id"
    payment_id: UUID
    bill_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class PaymentSuspended(Event):
    """Money came that settles no bill: too little, for a bill that is not open, or for none that we know.

    `state`: "held" until the rest comes, or "surplus".
    """

    act: ClassVar[str] = "payments.payment.suspended"
    subject: ClassVar[str] = "payment_id"
    payment_id: UUID
    bill_id: UUID | None
    payable_id: UUID | None
    amount_cents: int
    state: str


@dataclass(frozen=True, kw_only=True)
class PaymentUnexplained(Event):
    """No gateway could say for a day what became of a payment: a person decides."""

    act: ClassVar[str] = "payments.payment.unexplained"
    subject: ClassVar[str] = "payment_id"
    payment_id: UUID
    bill_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class RulingProposed(Event):
    """Somebody proposed how to end an unexplained payment."""

    act: ClassVar[str] = "payments.ruling.proposed"
    subject: ClassVar[str] = "payment_id"
    payment_id: UUID
    ruling_id: UUID
    verdict: str


@dataclass(frozen=True, kw_only=True)
class RulingDecided(Event):
    """A second person agreed to such a proposal, or did not."""

    act: ClassVar[str] = "payments.ruling.decided"
    subject: ClassVar[str] = "payment_id"
    payment_id: UUID
    ruling_id: UUID
    approved: bool


@dataclass(frozen=True, kw_only=True)
class _RefundEvent(Event):
    subject: ClassVar[str] = "refund_id"
    refund_id: UUID
    payment_id: UUID
    bill_id: UUID | None
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class RefundOrdered(_RefundEvent):
    """Money is going back by rule."""

    act: ClassVar[str] = "payments.refund.ordered"
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefundProposed(_RefundEvent):
    """A person proposed to give money back."""

    act: ClassVar[str] = "payments.refund.proposed"


@dataclass(frozen=True, kw_only=True)
class RefundApproved(_RefundEvent):
    """A second person agreed: the money is going back."""

    act: ClassVar[str] = "payments.refund.approved"


@dataclass(frozen=True, kw_only=True)
class RefundRejected(_RefundEvent):
    """A second person did not agree, or the proposal was taken back."""

    act: ClassVar[str] = "payments.refund.rejected"


@dataclass(frozen=True, kw_only=True)
class RefundRecorded(_RefundEvent):
    """A person says that they paid a refund by hand; a second person checks the evidence."""

    act: ClassVar[str] = "payments.refund.recorded"
    hand_from: str
    slip_sha256: str


@dataclass(frozen=True, kw_only=True)
class RefundNotFound(_RefundEvent):
    """A second person did not find the evidence of a refund paid by hand: it waits again."""

    act: ClassVar[str] = "payments.refund.not_found"


@dataclass(frozen=True, kw_only=True)
class RefundClosing(_RefundEvent):
    """A person proposed to end a stuck refund, whose money did not leave."""

    act: ClassVar[str] = "payments.refund.closing"


@dataclass(frozen=True, kw_only=True)
class RefundClosed(_RefundEvent):
    """A second person agreed: the refund is over, and its money is still with us."""

    act: ClassVar[str] = "payments.refund.closed"


@dataclass(frozen=True, kw_only=True)
class RefundNotClosed(_RefundEvent):
    """A second person did not agree to that, or the proposal was taken back: the refund waits again."""

    act: ClassVar[str] = "payments.refund.not_closed"


@dataclass(frozen=True, kw_only=True)
class RefundSucceeded(_RefundEvent):
    """Money went back, as that transfer of the ledger says."""

    act: ClassVar[str] = "payments.refund.succeeded"
    transfer_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundPaidTwice(_RefundEvent):
    """The money of a refund went out a second time; whoever got it owes it, by a bill of its own."""

    act: ClassVar[str] = "payments.refund.paid_twice"
    transfer_id: UUID
    owed_bill_id: UUID


@dataclass(frozen=True, kw_only=True)
class _ReceivableEvent(Event):
    subject: ClassVar[str] = "refund_id"
    refund_id: UUID
    payment_id: UUID
    owed_bill_id: UUID
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class ReceivableAsked(_ReceivableEvent):
    """The payer was asked to give such money back."""

    act: ClassVar[str] = "payments.receivable.asked"


@dataclass(frozen=True, kw_only=True)
class WriteOffProposed(_ReceivableEvent):
    """A person proposed to write off what did not come back of it."""

    act: ClassVar[str] = "payments.receivable.write_off_proposed"


@dataclass(frozen=True, kw_only=True)
class WriteOffDecided(_ReceivableEvent):
    """A second person agreed, and the loss is booked; or did not, or the proposal was taken back."""

    act: ClassVar[str] = "payments.receivable.write_off_decided"
    approved: bool


@dataclass(frozen=True, kw_only=True)
class LossRecovered(_ReceivableEvent):
    """Of what was written off something came back all the same (`payment_id`)."""

    act: ClassVar[str] = "payments.receivable.recovered"


@dataclass(frozen=True, kw_only=True)
class RefundStuck(_RefundEvent):
    """A refund could not be carried out by itself: a person looks."""

    act: ClassVar[str] = "payments.refund.stuck"


@dataclass(frozen=True, kw_only=True)
class RefundResent(_RefundEvent):
    """A person handed a refund to its gateway again."""

    act: ClassVar[str] = "payments.refund.resent"


@dataclass(frozen=True, kw_only=True)
class TillOpened(Event):
    """A cashier began a turn at a till."""

    act: ClassVar[str] = "payments.till.opened"
    subject: ClassVar[str] = "session_id"
    session_id: UUID
    float_cents: int


@dataclass(frozen=True, kw_only=True)
class TillCounted(Event):
    """A cashier counted a till."""

    act: ClassVar[str] = "payments.till.counted"
    subject: ClassVar[str] = "session_id"
    session_id: UUID
    counted_cents: int
    expected_cents: int


@dataclass(frozen=True, kw_only=True)
class TillClosed(Event):
    """A second person counted the same, and a difference has its reason; or counted otherwise, and both count again (`agreed` is false)."""

    act: ClassVar[str] = "payments.till.closed"
    subject: ClassVar[str] = "session_id"
    session_id: UUID
    agreed: bool
    variance_cents: int


@dataclass(frozen=True, kw_only=True)
class _BillEvent(Event):
    subject: ClassVar[str] = "bill_id"
    bill_id: UUID
    payable_id: UUID
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class BillPenalised(_BillEvent):
    """A bill was not paid in time and costs more."""

    act: ClassVar[str] = "payments.bill.penalised"
    total_cents: int


@dataclass(frozen=True, kw_only=True)
class InstalmentsAgreed(_BillEvent):
    """A bill is paid in instalments from now on."""

    act: ClassVar[str] = "payments.instalments.agreed"
    count: int


@dataclass(frozen=True, kw_only=True)
class InstalmentPaid(_BillEvent):
    """A part of a bill in instalments was paid."""

    act: ClassVar[str] = "payments.instalment.paid"
    payment_id: UUID
    left_cents: int


@dataclass(frozen=True, kw_only=True)
class InstalmentDue(_BillEvent):
    """An instalment falls due soon."""

    act: ClassVar[str] = "payments.instalment.due"
    due_on: str


@dataclass(frozen=True, kw_only=True)
class InstalmentMissed(_BillEvent):
    """An instalment was not paid in time: the whole rest is due."""

    act: ClassVar[str] = "payments.instalment.missed"
    due_on: str


@dataclass(frozen=True, kw_only=True)
class BasketMade(Event):
    """Several bills were put together, to be paid at once."""

    act: ClassVar[str] = "payments.basket.made"
    subject: ClassVar[str] = "bill_id"
    bill_id: UUID
    bill_ids: list[str]
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class WaiverAsked(_BillEvent):
    """Somebody asked to let a payer off."""

    act: ClassVar[str] = "payments.waiver.asked"
    waiver_id: UUID


@dataclass(frozen=True, kw_only=True)
class WaiverDecided(_BillEvent):
    """A second person agreed to that, or did not."""

    act: ClassVar[str] = "payments.waiver.decided"
    waiver_id: UUID
    approved: bool


@dataclass(frozen=True, kw_only=True)
class RateProposed(Event):
    """Somebody entered an exchange rate: shillings × 10 000."""

    act: ClassVar[str] = "payments.rate.proposed"
    subject: ClassVar[str] = "rate_id"
    rate_id: UUID
    rate: int
    day: str


@dataclass(frozen=True, kw_only=True)
class RateDecided(Event):
    """A second person agreed to it, or did not."""

    act: ClassVar[str] = "payments.rate.decided"
    subject: ClassVar[str] = "rate_id"
    rate_id: UUID
    day: str
    approved: bool


@dataclass(frozen=True, kw_only=True)
class BillSettled(Event):
    """A bill was paid in full; or (no payment) all that it owed was waived."""

    act: ClassVar[str] = "payments.bill.settled"
    subject: ClassVar[str] = "bill_id"
    bill_id: UUID
    payment_id: UUID | None
    payable_id: UUID
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class BillCancelled(Event):
    """A bill is no longer owed: what it was for was withdrawn."""

    act: ClassVar[str] = "payments.bill.cancelled"
    subject: ClassVar[str] = "bill_id"
    bill_id: UUID
    payable_id: UUID

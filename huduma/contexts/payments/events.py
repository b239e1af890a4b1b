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
    bill_id: UUID
    payable_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class PaymentSuspended(Event):
    """Money came that no open bill asked for in that amount; it is kept in suspense for a person to decide."""

    act: ClassVar[str] = "payments.payment.suspended"
    subject: ClassVar[str] = "payment_id"
    payment_id: UUID
    bill_id: UUID
    payable_id: UUID
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class BillSettled(Event):
    """A bill was paid in full."""

    act: ClassVar[str] = "payments.bill.settled"
    subject: ClassVar[str] = "bill_id"
    bill_id: UUID
    payment_id: UUID
    payable_id: UUID
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class BillCancelled(Event):
    """A bill is no longer owed: what it was for was withdrawn."""

    act: ClassVar[str] = "payments.bill.cancelled"
    subject: ClassVar[str] = "bill_id"
    bill_id: UUID
    payable_id: UUID

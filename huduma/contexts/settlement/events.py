"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class StatementTaken(Event):
    """A statement was read and its lines were matched, as far as rules reach."""

    act: ClassVar[str] = "settlement.statement.taken"
    subject: ClassVar[str] = "statement_id"
    statement_id: UUID
    lines: int
    repeated: int
    matched: int


@dataclass(frozen=True, kw_only=True)
class LineExplained(Event):
    """A person said what a line of a statement is; `kind` is one of the kinds of explanation."""

    act: ClassVar[str] = "settlement.line.explained"
    subject: ClassVar[str] = "statement_id"
    statement_id: UUID
    line_id: int
    kind: str
    state: str


@dataclass(frozen=True, kw_only=True)
class BankAccountChanged(Event):
    """A step in changing where a body gets its money: proposed, seconded, approved, or rejected."""

    act: ClassVar[str] = "settlement.bank_account.changed"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    body_code: str
    state: str


@dataclass(frozen=True, kw_only=True)
class BatchMoved(Event):
    """A batch was proposed, approved, rejected, sent, or is done."""

    act: ClassVar[str] = "settlement.batch.moved"
    subject: ClassVar[str] = "batch_id"
    batch_id: UUID
    state: str
    total_cents: int


@dataclass(frozen=True, kw_only=True)
class RemittanceReturned(Event):
    """A bank sent the money of a body back."""

    act: ClassVar[str] = "settlement.remittance.returned"
    subject: ClassVar[str] = "batch_id"
    batch_id: UUID
    body_code: str
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class TaxInvoiceIssued(Event):
    """KRA's unit signed the tax invoice of a body for a bill."""

    act: ClassVar[str] = "settlement.tax_invoice.issued"
    subject: ClassVar[str] = "invoice_id"
    invoice_id: UUID
    bill_id: UUID
    body_code: str


@dataclass(frozen=True, kw_only=True)
class CheckFailed(Event):
    """A daily check of the books found something that a person has to look at."""

    act: ClassVar[str] = "settlement.check.failed"
    check: str
    count: int

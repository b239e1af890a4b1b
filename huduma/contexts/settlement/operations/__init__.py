"""What settlement can do, by noun."""

from huduma.contexts.settlement.operations.bank_accounts import (
    ChangeWaits,
    NotABankAccount,
    ThirdPersonNeeded,
    approve_bank_account,
    propose_bank_account,
    reject_bank_account,
)
from huduma.contexts.settlement.operations.batches import (
    AccountChanged,
    NothingToHandOver,
    NotProposed,
    OwedChanged,
    SecondPersonNeeded,
    decide_batch,
    files_of,
    propose_batch,
    send_batch,
    sweep_batches,
)
from huduma.contexts.settlement.operations.checks import run_checks
from huduma.contexts.settlement.operations.explanations import (
    AlreadyExplained,
    AmountDiffers,
    NewsExpected,
    NotMoneyIn,
    NotMoneyOut,
    ReasonMissing,
    decide_explanation,
    explain,
)
from huduma.contexts.settlement.operations.nightly import take_nightly
from huduma.contexts.settlement.operations.statements import (
    OtherAccount,
    SourceMissing,
    StatementContradicts,
    StatementKnown,
    StatementMalformed,
    take_statement,
)
from huduma.contexts.settlement.operations.taxes import (
    enrol_taxpayer,
    etims,
    issue_tax_invoice,
    order_tax_invoices,
    sweep_tax_invoices,
)

__all__ = [
    "AccountChanged",
    "AlreadyExplained",
    "AmountDiffers",
    "ChangeWaits",
    "NewsExpected",
    "NotABankAccount",
    "NotMoneyIn",
    "NotMoneyOut",
    "NotProposed",
    "NothingToHandOver",
    "OtherAccount",
    "OwedChanged",
    "ReasonMissing",
    "SecondPersonNeeded",
    "SourceMissing",
    "StatementContradicts",
    "StatementKnown",
    "StatementMalformed",
    "ThirdPersonNeeded",
    "approve_bank_account",
    "decide_batch",
    "decide_explanation",
    "enrol_taxpayer",
    "etims",
    "explain",
    "files_of",
    "issue_tax_invoice",
    "order_tax_invoices",
    "propose_bank_account",
    "propose_batch",
    "reject_bank_account",
    "run_checks",
    "send_batch",
    "sweep_batches",
    "sweep_tax_invoices",
    "take_nightly",
    "take_statement",
]

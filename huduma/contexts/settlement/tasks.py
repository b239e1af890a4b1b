"""Deferred and daily work of settlement."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.settlement import operations
from huduma.foundation import jobs


@jobs.job(name="settlement.send", attempts=8)
def send(batch_id: str) -> None:
    """Hand the files of a batch over."""
    operations.send_batch(UUID(batch_id))


@jobs.job(name="settlement.tax_invoice", attempts=8)
def tax_invoice(invoice_id: str) -> None:
    """Have a tax invoice signed."""
    operations.issue_tax_invoice(UUID(invoice_id))


@jobs.every("*/15 * * * *", name="settlement.sweep")
def sweep(timestamp: int) -> None:
    """Take up again what lost its job."""
    operations.sweep_batches()
    operations.sweep_tax_invoices()


@jobs.every("40 1 * * *", name="settlement.nightly")
def nightly(timestamp: int) -> None:
    """Fetch the statements of the day before."""
    operations.take_nightly(timezone.now())


@jobs.every("30 3 * * *", name="settlement.checks")
def checks(timestamp: int) -> None:
    """Check the books."""
    operations.run_checks(timezone.now())

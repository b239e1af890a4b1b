"""The double-entry ledger."""

from django.db import models
from django.db.models import Q

from huduma.contexts.payments.models.payments import Payment
from huduma.foundation import ids


class LedgerAccount(models.Model):
    """An account. Its code is a path: a balance is that of an account and all below it.

    `gateway:mpesa` (what a gateway holds for us), `body:CRS:1420201` (what is owed to a body, by revenue code), `suspense`,
    `fee:convenience`, `transit` (on its way to a body's bank), `bank`, `till-variance`,
    `receivable:given-twice` (what payers owe who got a refund twice) and `write-off`; and without any money having moved
    `waived:CRS:1420201` with its counterpart `assessed:CRS:1420201` (what was owed and then let off).
    """

    code = models.CharField(max_length=60, primary_key=True)

    def __str__(self) -> str:
        return self.code


class Transfer(models.Model):
    """One movement of money. Its entries add up to nothing (a constraint trigger at commit); it is never changed."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    kind = models.CharField(max_length=20)
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="transfers")
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField()
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversal")
    reason = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "kind"], name="payments_transfer_once"),
            models.CheckConstraint(condition=Q(currency__in=["KES", "USD"]), name="payments_transfer_currency"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class LedgerEntry(models.Model):
    """One side of a transfer: positive is a debit, negative a credit, in cents."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount_cents=0), name="payments_entry_not_zero")]
        indexes = [
            models.Index(
                fields=["account", "currency", "recorded_at"], include=["amount_cents"], name="payments_entry_by_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount_cents}"


class Period(models.Model):
    """A stretch of time that is closed: whatever is booked from now on is recorded at `until` or later."""

    until = models.DateTimeField(primary_key=True)
    closed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"until {self.until}"


class Checkpoint(models.Model):
    """All that an account took and gave before `until`, the end of a closed period in which it moved."""

    pk = models.CompositePrimaryKey("account", "currency", "until")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    until = models.DateTimeField()
    debit_cents = models.BigIntegerField()
    credit_cents = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.account_id} until {self.until}"

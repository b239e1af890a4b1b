"""The double-entry ledger."""

from django.db import models
from django.db.models import Q

from huduma.contexts.payments.models.payments import Payment
from huduma.foundation import ids


class LedgerAccount(models.Model):
    """An account: `gateway:mpesa` (what a gateway holds for us), `body:CRS` (what is owed to a body), `suspense`."""

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

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "kind"], name="payments_transfer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class LedgerEntry(models.Model):
    """One side of a transfer: positive is a debit, negative a credit, in cents."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+")
    amount_cents = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount_cents=0), name="payments_entry_not_zero")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount_cents}"

"""Bills, payments, callbacks as they came, and the double-entry ledger."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids

PAYMENT_STATES = ("requested", "pushing", "pending", "unknown", "succeeded", "failed", "mismatched", "surplus")
#: While a payment is in one of these, nobody is asked to pay again.
OPEN_STATES = ("requested", "pushing", "pending", "unknown")


class Bill(models.Model):
    """What is owed for one thing. `lines` are frozen: code, description en/sw, amount in cents, body."""

    PERSONAL_DATA: ClassVar = {"payer_person_id": "showing a person their own bills"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    payable_id = models.UUIDField(help_text="What is paid for, such as an application.")
    purpose = models.CharField(max_length=40)
    payer_person_id = models.UUIDField(null=True)
    description = models.JSONField()
    lines = models.JSONField()
    total_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="KES")
    state = models.CharField(max_length=10, default="open")
    raised_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "settled", "cancelled"]), name="payments_bill_state"),
            models.CheckConstraint(condition=Q(total_cents__gt=0), name="payments_bill_positive"),
            models.CheckConstraint(
                condition=Q(state="settled") ^ Q(settled_at__isnull=True), name="payments_bill_settled_at"
            ),
            models.UniqueConstraint(
                fields=["payable_id", "purpose"], condition=~Q(state="cancelled"), name="payments_bill_once"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Payment(models.Model):
    """One attempt to pay a bill. `token` is the unguessable part of the address where its callback is awaited."""

    PERSONAL_DATA: ClassVar = {"phone": "asking the payer for the money"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="payments")
    gateway = models.CharField(max_length=20)
    phone = models.CharField(max_length=16)
    amount_cents = models.BigIntegerField()
    state = models.CharField(max_length=10, default="requested")
    token = models.CharField(max_length=43, unique=True)
    checkout_id = models.CharField(max_length=60, unique=True, null=True)
    receipt = models.CharField(max_length=30, null=True)
    reason = models.CharField(max_length=20, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=PAYMENT_STATES), name="payments_payment_state"),
            models.UniqueConstraint(fields=["gateway", "receipt"], name="payments_receipt_once"),
            models.UniqueConstraint(
                fields=["bill"], condition=Q(state__in=OPEN_STATES), name="payments_one_open_payment"
            ),
            models.UniqueConstraint(fields=["bill"], condition=Q(state="succeeded"), name="payments_paid_once"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether the money may still come: nobody is asked again until then."""
        return self.state in OPEN_STATES


class Callback(models.Model):
    """What a gateway sent, byte for byte, before anybody judged it."""

    PERSONAL_DATA: ClassVar = {"body": "evidence of a payment", "headers": "evidence of a payment"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    gateway = models.CharField(max_length=20)
    token = models.CharField(max_length=100)
    headers = models.JSONField()
    body = models.BinaryField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"{self.gateway} {self.outcome}"


class GatewayToken(models.Model):
    """The access token of a gateway, shared by all processes: a new one voids the one before."""

    gateway = models.CharField(max_length=20, primary_key=True)
    value = models.TextField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.gateway


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

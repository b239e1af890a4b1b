"""Attempts to pay, and what gateways send."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.contexts.payments.models.bills import Bill
from huduma.foundation import ids

PAYMENT_STATES = ("requested", "pushing", "pending", "unknown", "succeeded", "failed", "mismatched", "surplus")
#: While a payment is in one of these, nobody is asked to pay again.
OPEN_STATES = ("requested", "pushing", "pending", "unknown")


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

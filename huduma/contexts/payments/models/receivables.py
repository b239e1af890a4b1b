"""Money that whoever paid was given twice."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from huduma.contexts.payments.models.bills import Bill
from huduma.contexts.payments.models.payments import Refund
from huduma.foundation import ids

#: The purpose of a bill by which such money is asked back.
GIVEN_TWICE = "given-twice"


class Receivable(models.Model):
    """A further time that the money of a refund went out: out of which gateway, by which receipt; owed to us since.

    It comes back by `bill`, in any way in which bills are paid. What surely never comes back is written off on the word of two.
    """

    PERSONAL_DATA: ClassVar = {"note": "why money is not asked back any more"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="receivables")
    bill = models.OneToOneField(Bill, on_delete=models.PROTECT, related_name="receivable")
    gateway = models.CharField(max_length=20)
    receipt = models.CharField(max_length=60, null=True)
    amount_cents = models.BigIntegerField()
    transfer_id = models.UUIDField(help_text="What booked it.")
    found_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, help_text="When the payer was last asked to give it back.")
    note = models.TextField(blank=True)
    off_by = models.UUIDField(null=True, help_text="The account that proposed to write off what did not come back.")
    off_checked_by = models.UUIDField(null=True)
    off_transfer_id = models.UUIDField(null=True, help_text="What booked the loss.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "refund", "gateway", Lower("receipt"), name="payments_receivable_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="payments_receivable_positive"),
            models.CheckConstraint(
                condition=Q(off_by__isnull=True, note="") | Q(Q(off_by__isnull=False), ~Q(note="")),
                name="payments_receivable_reason",
            ),
            models.CheckConstraint(
                condition=Q(off_checked_by__isnull=True, off_transfer_id__isnull=True)
                | Q(
                    Q(off_by__isnull=False, off_checked_by__isnull=False, off_transfer_id__isnull=False),
                    ~Q(off_checked_by=F("off_by")),
                ),
                name="payments_receivable_two_persons",
            ),
        ]
        indexes = [models.Index(fields=["receipt"], name="payments_receivable_receipt")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.receipt or self.id}"

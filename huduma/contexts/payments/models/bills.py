"""What is owed."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Bill(models.Model):
    """What is owed for one thing. `lines` are frozen: code, description en/sw, amount in cents, body."""

    PERSONAL_DATA: ClassVar = {"payer_person_id": "showing a person their own bills"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    payable_id = models.UUIDField(help_text="What is paid for, such as an application.")
    purpose = models.CharField(max_length=40)
    payer_person_id = models.UUIDField(null=True)
    payer_organisation_id = models.UUIDField(null=True, help_text="Whoever acts for it may pay too.")
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
        indexes = [models.Index(fields=["payable_id"], name="payments_bill_payable")]

    def __str__(self) -> str:
        return self.reference

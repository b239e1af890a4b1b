"""What is owed, on what terms, and what was let off."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from huduma.foundation import ids

#: The purpose of a bill that stands for several others, to be paid at once.
BASKET = "basket"


class Bill(models.Model):
    """What is owed for one thing. `lines` are only ever added to, and add up to `total_cents` (a trigger); see `rules.amounts`.

    `terms` are frozen; see `rules.terms`. A basket is a bill with a line for each bill it stands for: they are its `members`,
    and whoever pays it pays them. What it costs is what its members cost when the money comes.
    """

    PERSONAL_DATA: ClassVar = {"payer_person_id": "showing a person their own bills"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    payable_id = models.UUIDField(help_text="What is paid for, such as an application.")
    purpose = models.CharField(max_length=40)
    payer_person_id = models.UUIDField(null=True)
    payer_organisation_id = models.UUIDField(null=True, help_text="Whoever acts for it may pay too.")
    description = models.JSONField()
    lines = models.JSONField()
    terms = models.JSONField(default=dict)
    total_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="KES")
    state = models.CharField(max_length=10, default="open")
    basket = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="members")
    raised_at = models.DateTimeField()
    due_on = models.DateField(null=True, help_text="The last day to pay it.")
    penalty_on = models.DateField(null=True, help_text="The day on which it costs more, unless it is paid.")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "settled", "cancelled"]), name="payments_bill_state"),
            models.CheckConstraint(
                condition=Q(total_cents__gt=0) | Q(~Q(state="open"), total_cents=0), name="payments_bill_positive"
            ),
            models.CheckConstraint(condition=Q(currency__in=["KES", "USD"]), name="payments_bill_currency"),
            models.CheckConstraint(
                condition=Q(state="settled") ^ Q(settled_at__isnull=True), name="payments_bill_settled_at"
            ),
            models.CheckConstraint(
                condition=~Q(purpose=BASKET) | Q(basket__isnull=True), name="payments_no_basket_in_a_basket"
            ),
            models.UniqueConstraint(
                fields=["payable_id", "purpose"], condition=~Q(state="cancelled"), name="payments_bill_once"
            ),
        ]
        indexes = [
            models.Index(fields=["payable_id"], name="payments_bill_payable"),
            models.Index(fields=["payer_person_id", "state", "-id"], name="payments_bill_payer"),
            models.Index(fields=["payer_organisation_id", "state", "-id"], name="payments_bill_organisation"),
            models.Index(fields=["penalty_on"], condition=Q(state="open"), name="payments_bill_penalty"),
            models.Index(fields=["settled_at"], condition=~Q(currency="KES"), name="payments_bill_in_dollars"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_basket(self) -> bool:
        """Whether this bill stands for several others."""
        return self.purpose == BASKET


class Instalment(models.Model):
    """One part of a bill that is paid over time: by its day, `upto_cents` of the bill should be paid in all."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="instalments")
    nth = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    upto_cents = models.BigIntegerField()
    reminded_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bill", "nth"], name="payments_instalment_once"),
            models.CheckConstraint(condition=Q(upto_cents__gt=0), name="payments_instalment_positive"),
        ]
        indexes = [models.Index(fields=["due_on"], condition=Q(missed_at=None), name="payments_instalment_due")]

    def __str__(self) -> str:
        return f"{self.bill_id} {self.nth}"


class Waiver(models.Model):
    """What a body lets a payer off, or that the law exempts them: asked by one person, decided by another.

    "A public record of each waiver shall be maintained together with the reason" and reported to the Auditor-General
    (Constitution of Kenya, article 210(2)).
    """

    PERSONAL_DATA: ClassVar = {"reason": "why a fee was waived, which the Constitution requires to be recorded"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="waivers")
    kind = models.CharField(max_length=9)
    body_code = models.CharField(max_length=20)
    amount_cents = models.BigIntegerField()
    reason = models.TextField()
    legal_basis = models.CharField(max_length=200)
    state = models.CharField(max_length=8, default="proposed")
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    transfers = models.JSONField(default=list, help_text="Where it is in the ledger.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["waiver", "exemption"]), name="payments_waiver_kind"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "approved", "rejected"]), name="payments_waiver_state"
            ),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="payments_waiver_positive"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(legal_basis=""), name="payments_waiver_reason"),
            models.CheckConstraint(
                condition=Q(state="proposed") ^ Q(decided_by__isnull=False), name="payments_waiver_decided"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(decided_by=F("asked_by")), name="payments_waiver_two_persons"
            ),
            models.UniqueConstraint(
                fields=["bill", "body_code"], condition=Q(state="proposed"), name="payments_waiver_one_proposal"
            ),
        ]
        indexes = [models.Index(fields=["body_code", "state", "-id"], name="payments_waiver_body")]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class ExchangeRate(models.Model):
    """What one unit of a currency is in shillings on a day (× 10 000), by a source; in force when a second person agreed."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.BigIntegerField()
    source = models.CharField(max_length=200)
    state = models.CharField(max_length=8, default="proposed")
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(currency="USD"), name="payments_rate_currency"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="payments_rate_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "approved", "rejected"]), name="payments_rate_state"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") ^ Q(decided_by__isnull=False), name="payments_rate_decided"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(decided_by=F("asked_by")), name="payments_rate_two_persons"
            ),
            models.UniqueConstraint(
                fields=["currency", "day"], condition=~Q(state="rejected"), name="payments_rate_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.day}"

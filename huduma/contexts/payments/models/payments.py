"""Attempts to pay, money that came unasked, and what gateways send."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from huduma.contexts.payments.models.bills import Bill
from huduma.contexts.payments.rules import CREDITED_STATES, OPEN_STATES, PAYMENT_STATES, REFUND_STATES
from huduma.foundation import ids


class Payment(models.Model):
    """One attempt to pay a bill, or money that came unasked (paybill, bank, counter): then `bill` is who was meant, if known.

    `token` is the unguessable part of the address where its callback is awaited. `amount_cents` was asked for or is claimed;
    `received_cents` is what the gateway confirmed. Natural keys: the gateway's id of the request and its receipt.
    """

    PERSONAL_DATA: ClassVar = {
        "phone": "asking the payer for the money, telling them what became of it, paying it back",
        "payer_name": "finding whose money it is",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    bill = models.ForeignKey(Bill, null=True, on_delete=models.PROTECT, related_name="payments")
    gateway = models.CharField(max_length=20)
    origin = models.CharField(max_length=8, default="asked")
    phone = models.CharField(max_length=16, blank=True)
    payer_name = models.CharField(max_length=80, blank=True)
    typed_reference = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=2, default="en")
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="KES")
    received_cents = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, default="requested")
    token = models.CharField(max_length=43, unique=True)
    checkout_id = models.CharField(max_length=80, null=True)
    page_url = models.CharField(max_length=500, blank=True, help_text="Where the payer goes on, if on a page.")
    receipt = models.CharField(max_length=60, null=True)
    reason = models.CharField(max_length=20, blank=True)
    till_session = models.ForeignKey("TillSession", null=True, on_delete=models.PROTECT, related_name="payments")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=PAYMENT_STATES), name="payments_payment_state"),
            models.CheckConstraint(condition=Q(origin__in=["asked", "unasked"]), name="payments_payment_origin"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="payments_payment_positive"),
            models.CheckConstraint(
                condition=Q(state__in=CREDITED_STATES, received_cents__gt=0)
                | Q(~Q(state__in=CREDITED_STATES), received_cents__isnull=True),
                name="payments_received_when_credited",
            ),
            models.CheckConstraint(
                condition=Q(bill__isnull=False)
                | Q(origin="unasked", state__in=["pending", "review", "failed", "surplus"]),
                name="payments_without_bill",
            ),
            models.UniqueConstraint(fields=["gateway", "receipt"], name="payments_receipt_once"),
            models.UniqueConstraint(
                fields=["gateway", "checkout_id"], condition=Q(origin="asked"), name="payments_checkout_once"
            ),
            models.UniqueConstraint(
                fields=["bill"], condition=Q(origin="asked", state__in=OPEN_STATES), name="payments_one_open_payment"
            ),
            models.UniqueConstraint(fields=["bill"], condition=Q(state="succeeded"), name="payments_paid_once"),
        ]
        indexes = [
            models.Index(fields=["started_at"], condition=Q(state="review"), name="payments_review"),
            models.Index(fields=["gateway", "checkout_id"], name="payments_checkout"),
            models.Index(
                fields=["phone", "started_at"], condition=Q(origin="asked") & ~Q(phone=""), name="payments_asked_phone"
            ),
            models.Index(
                fields=["gateway", "received_cents", "finished_at"],
                condition=Q(received_cents__isnull=False),
                name="payments_by_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether the money may still come: nobody is asked again until then."""
        return self.state in OPEN_STATES


class Ruling(models.Model):
    """What a person proposes to do with a payment that no gateway can explain; a second person decides."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="rulings")
    verdict = models.CharField(max_length=6)
    receipt = models.CharField(max_length=60, blank=True)
    reason = models.TextField()
    state = models.CharField(max_length=8, default="proposed")
    proposed_by = models.UUIDField()
    proposed_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=["settle", "fail"]), name="payments_ruling_verdict"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "approved", "rejected"]), name="payments_ruling_state"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") ^ Q(decided_by__isnull=False), name="payments_ruling_decided"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(state="approved") | ~Q(decided_by=F("proposed_by")),
                name="payments_ruling_two_persons",
            ),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(state="proposed"), name="payments_ruling_one_proposal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.state}"


class Refund(models.Model):
    """Money that goes back to whoever paid. By rule (`asked_by` empty) it is approved at once; a person's needs another person.

    One that no gateway can carry out is paid by hand: one person records from where and with which evidence, another checks.
    One whose money surely did not leave is closed by two persons; then its money is still with us, and can go back another way.
    What went out a second time after all is a `Receivable`.

    `token` is the unguessable part of the address where its result is awaited; `id` is the key that keeps the gateway from
    paying twice. All refunds of a payment together never exceed what was received (a trigger).
    """

    PERSONAL_DATA: ClassVar = {
        "note": "why the money goes back",
        "hand_note": "evidence that it was paid by hand",
        "close_note": "why it was ended without paying",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_cents = models.BigIntegerField()
    reason = models.CharField(max_length=12)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=10)
    asked_by = models.UUIDField(null=True, help_text="The account that proposed it; empty: the rule.")
    approved_by = models.UUIDField(null=True)
    token = models.CharField(max_length=43, unique=True)
    provider_id = models.CharField(max_length=80, unique=True, null=True)
    receipt = models.CharField(max_length=60, null=True)
    paid_from = models.CharField(
        max_length=20, blank=True, help_text="The gateway out of whose money it went in the end."
    )
    trouble = models.CharField(max_length=20, blank=True, help_text="Why a person has to look.")
    hand_by = models.UUIDField(null=True, help_text="The account that recorded a payment by hand.")
    hand_from = models.CharField(max_length=20, blank=True, help_text="The gateway out of whose money it was paid.")
    hand_receipt = models.CharField(max_length=60, blank=True, help_text="The number of what proves it.")
    hand_note = models.TextField(blank=True)
    hand_file = models.OneToOneField(
        "files.StoredFile", null=True, on_delete=models.PROTECT, related_name="+", help_text="The slip that proves it."
    )
    hand_checked_by = models.UUIDField(null=True)
    close_by = models.UUIDField(null=True, help_text="The account that proposed to end it without paying.")
    close_note = models.TextField(blank=True)
    close_checked_by = models.UUIDField(null=True)
    asked_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=REFUND_STATES), name="payments_refund_state"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="payments_refund_positive"),
            models.CheckConstraint(
                condition=Q(reason__in=["duplicate", "surplus", "no-bill", "cancelled", "decision"]),
                name="payments_refund_reason",
            ),
            models.CheckConstraint(
                condition=Q(asked_by__isnull=True)
                | Q(state__in=["proposed", "rejected"])
                | Q(approved_by__isnull=False),
                name="payments_refund_approved",
            ),
            models.CheckConstraint(
                condition=Q(asked_by__isnull=True) | Q(approved_by__isnull=True) | ~Q(approved_by=F("asked_by")),
                name="payments_refund_two_persons",
            ),
            models.CheckConstraint(
                condition=~Q(state="recorded")
                | Q(Q(hand_by__isnull=False, hand_file__isnull=False), ~Q(hand_from=""), ~Q(hand_note="")),
                name="payments_refund_recorded",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["closing", "closed"]) | Q(Q(close_by__isnull=False), ~Q(close_note="")),
                name="payments_refund_closing",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(Q(close_checked_by__isnull=False), ~Q(close_checked_by=F("close_by"))),
                name="payments_refund_closed_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(hand_checked_by__isnull=True)
                | Q(Q(hand_by__isnull=False), ~Q(hand_checked_by=F("hand_by"))),
                name="payments_refund_by_hand_two_persons",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded")
                | Q(hand_by__isnull=True)
                | Q(hand_checked_by__isnull=False)
                | Q(trouble="paid-twice"),
                name="payments_refund_by_hand_checked",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | ~Q(paid_from=""), name="payments_refund_paid_from"
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked_at"],
                condition=Q(state__in=["proposed", "review", "recorded", "closing"]) | Q(trouble="paid-twice"),
                name="payments_refund_waiting",
            ),
            models.Index(fields=["amount_cents"], condition=Q(state="succeeded"), name="payments_refund_by_amount"),
            models.Index(fields=["receipt"], condition=Q(receipt__isnull=False), name="payments_refund_receipt"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class Callback(models.Model):
    """What a gateway sent, byte for byte, before anybody judged it. `key` is the gateway's own name for the event."""

    PERSONAL_DATA: ClassVar = {"body": "evidence of a payment", "headers": "evidence of a payment"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    gateway = models.CharField(max_length=20)
    token = models.CharField(max_length=100)
    key = models.CharField(max_length=100, blank=True)
    headers = models.JSONField()
    body = models.BinaryField()
    verified = models.BooleanField(default=False, help_text="Whether a signature or credential was right.")
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["gateway", "key"], condition=~Q(key=""), name="payments_callback_key"),
            models.Index(fields=["token"], name="payments_callback_token"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.outcome}"


class GatewayToken(models.Model):
    """The access token of a gateway, shared by all processes: a new one voids the one before."""

    gateway = models.CharField(max_length=20, primary_key=True)
    value = models.TextField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.gateway


class GatewayHealth(models.Model):
    """When a gateway last answered, and how it last failed: for the operators' page and the circuit breaker."""

    gateway = models.CharField(max_length=20, primary_key=True)
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=80, blank=True)
    faults_in_a_row = models.IntegerField(default=0)
    pulled_until = models.DateTimeField(null=True)
    balance_cents = models.BigIntegerField(null=True)
    balance_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.gateway


class TillSession(models.Model):
    """A cashier's or agent's turn at a till: from the float to the count, which two people make blind. A variance has its reason."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    till = models.CharField(max_length=60)
    body_code = models.CharField(max_length=20)
    cashier = models.UUIDField()
    float_cents = models.BigIntegerField()
    opened_at = models.DateTimeField()
    state = models.CharField(max_length=8, default="open")
    counted_cents = models.BigIntegerField(null=True)
    expected_cents = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    witness = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "counted", "differs", "closed"]), name="payments_till_state"
            ),
            models.CheckConstraint(condition=Q(float_cents__gte=0), name="payments_till_float"),
            models.CheckConstraint(
                condition=Q(state="open")
                ^ Q(counted_cents__gte=0, expected_cents__isnull=False, counted_at__isnull=False),
                name="payments_till_counted",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "counted"]) | (Q(witness__isnull=False) & ~Q(witness=F("cashier"))),
                name="payments_till_two_persons",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(counted_cents=F("expected_cents")) | ~Q(note=""),
                name="payments_till_explained",
            ),
            models.UniqueConstraint(fields=["cashier"], condition=~Q(state="closed"), name="payments_till_one_cashier"),
            models.UniqueConstraint(
                fields=["body_code", "till"], condition=~Q(state="closed"), name="payments_till_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.till} {self.state}"

    @property
    def variance_cents(self) -> int | None:
        """What was counted beyond (or below) what should have been there."""
        return None if self.counted_cents is None else self.counted_cents - (self.expected_cents or 0)

    @property
    def missing_cents(self) -> int:
        """What should have been there and was not counted."""
        return max(-(self.variance_cents or 0), 0)

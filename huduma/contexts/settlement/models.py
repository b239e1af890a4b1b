"""Statements of gateways and banks, the bank accounts of bodies, and batches of money handed over."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from huduma.contexts.settlement.rules import COOLING_OFF
from huduma.foundation import ids

#: How an approved change of bank details has to have come about.
BY_THREE_PERSONS = (
    Q(first_by__isnull=False, second_by__isnull=False, active_from__gte=F("approved_at") + COOLING_OFF)
    & ~Q(first_by=F("proposed_by"))
    & ~Q(second_by=F("proposed_by"))
    & ~Q(second_by=F("first_by"))
)
EXPLANATIONS = ("match", "credit", "charge", "sweep", "write-off")


class Statement(models.Model):
    """What a gateway or bank says happened on an account. The same bytes are taken once; they are kept, packed, in `file`."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    source = models.CharField(
        max_length=20, help_text="A gateway's code, or `bank`: the account that bodies are paid from."
    )
    format = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    file = models.OneToOneField("files.StoredFile", on_delete=models.PROTECT, related_name="+")
    lines = models.IntegerField(default=0)
    repeated = models.IntegerField(default=0, help_text="Lines that an earlier statement had already.")
    opening_cents = models.BigIntegerField(null=True)
    closing_cents = models.BigIntegerField(null=True)
    taken_by = models.UUIDField(null=True)
    taken_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-taken_at"], name="settlement_statement_taken")]

    def __str__(self) -> str:
        return f"{self.source} {self.name}"


class StatementLine(models.Model):
    """One movement that a source states: `key` is the source's own number of it. Positive came in, negative went out."""

    PERSONAL_DATA: ClassVar = {"text": "finding whose money it is"}

    id = models.BigAutoField(primary_key=True)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="found")
    source = models.CharField(max_length=20)
    key = models.CharField(max_length=60)
    at = models.DateTimeField()
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=140, blank=True)
    state = models.CharField(max_length=9, default="open")
    rule = models.CharField(
        max_length=12, blank=True, help_text="What matched it: receipt, request, near, order; or who."
    )
    cashbook_id = models.UUIDField(null=True, help_text="The payment or refund that it proves.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="settlement_line_once"),
            models.UniqueConstraint(
                fields=["cashbook_id"], condition=Q(cashbook_id__isnull=False), name="settlement_cashbook_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "matched", "explained"]), name="settlement_line_state"
            ),
            models.CheckConstraint(condition=~Q(amount_cents=0), name="settlement_line_not_zero"),
        ]
        indexes = [
            models.Index(fields=["statement", "id"], condition=Q(state="open"), name="settlement_line_open"),
            models.Index(fields=["statement"], condition=Q(state="explained"), name="settlement_line_explained"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"


class Explanation(models.Model):
    """What a person says a line is. Where that moves money it counts only after a second person agreed."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    line = models.ForeignKey(StatementLine, on_delete=models.PROTECT, related_name="explanations")
    kind = models.CharField(max_length=10)
    cashbook_id = models.UUIDField(null=True)
    reference = models.CharField(max_length=40, blank=True, help_text="The bill that money is credited to.")
    reason = models.TextField()
    state = models.CharField(max_length=8)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    transfer_id = models.UUIDField(null=True, help_text="What it booked.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EXPLANATIONS), name="settlement_explanation_kind"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "accepted", "rejected"]), name="settlement_explanation_state"
            ),
            models.CheckConstraint(
                condition=Q(kind="match")
                | ~Q(state="accepted")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="settlement_explanation_two_persons",
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(state__in=["proposed", "accepted"]), name="settlement_one_explanation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class BankAccount(models.Model):
    """Where a body gets its money. A change needs two approvals besides the proposal, and a day to cool off."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    body_code = models.CharField(max_length=40)
    name = models.CharField(max_length=70)
    bic = models.CharField(max_length=11)
    account = models.CharField(max_length=34)
    state = models.CharField(max_length=8, default="proposed")
    proposed_by = models.UUIDField()
    proposed_at = models.DateTimeField()
    first_by = models.UUIDField(null=True)
    second_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    active_from = models.DateTimeField(null=True)
    rejected_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "seconded", "approved", "rejected"]), name="settlement_account_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | BY_THREE_PERSONS,
                name="settlement_account_three_persons",
            ),
            models.UniqueConstraint(
                fields=["body_code"],
                condition=Q(state__in=["proposed", "seconded"]),
                name="settlement_account_one_change",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body_code} {self.account}"


class Batch(models.Model):
    """Money handed over to bodies together. `number` is also the message's id at the bank; numbers have no gaps."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    number = models.IntegerField(unique=True)
    body_code = models.CharField(
        max_length=40, blank=True, help_text="The body whose money it is; empty: of all bodies."
    )
    before = models.DateTimeField(help_text="What was collected before this moment is handed over.")
    currency = models.CharField(max_length=3)
    total_cents = models.BigIntegerField()
    state = models.CharField(max_length=9, default="proposed")
    made_by = models.UUIDField()
    made_at = models.DateTimeField()
    checked_by = models.UUIDField(null=True)
    checked_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "rejected", "approved", "sent", "done"]),
                name="settlement_batch_state",
            ),
            models.CheckConstraint(condition=Q(total_cents__gt=0), name="settlement_batch_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "rejected"])
                | (Q(checked_by__isnull=False) & ~Q(checked_by=F("made_by"))),
                name="settlement_batch_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        """The batch's name in files."""
        return f"HUDUMA-{self.number:08d}"


class Remittance(models.Model):
    """What one body gets by one revenue code: its account in the ledger and, frozen, in a bank. `end_to_end` is its name at the bank."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="remittances")
    ledger_account = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    body_code = models.CharField(max_length=40)
    bank_account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="+")
    amount_cents = models.BigIntegerField()
    end_to_end = models.CharField(max_length=35, unique=True)
    state = models.CharField(max_length=9, default="proposed")
    transfer_id = models.UUIDField(null=True, help_text="The transfer out of the body's account.")
    confirmed_by = models.OneToOneField(StatementLine, null=True, on_delete=models.PROTECT, related_name="confirms")
    returned_by = models.OneToOneField(StatementLine, null=True, on_delete=models.PROTECT, related_name="returns")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="settlement_remittance_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "rejected"], transfer_id__isnull=True, confirmed_by__isnull=True)
                | Q(state="waiting", transfer_id__isnull=False, confirmed_by__isnull=True)
                | Q(state="confirmed", transfer_id__isnull=False, confirmed_by__isnull=False, returned_by__isnull=True)
                | Q(state="returned", confirmed_by__isnull=False, returned_by__isnull=False),
                name="settlement_remittance_state",
            ),
            models.UniqueConstraint(fields=["batch", "ledger_account"], name="settlement_remittance_once"),
            models.UniqueConstraint(
                fields=["ledger_account", "currency"],
                condition=Q(state="proposed"),
                name="settlement_one_proposed_remittance",
            ),
        ]
        indexes = [models.Index(fields=["ledger_account", "batch"], name="settlement_remittance_account")]

    def __str__(self) -> str:
        return self.end_to_end


class Delivery(models.Model):
    """The files of a batch on their way to one server. Its row is locked while they go: no two workers send at once."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="deliveries")
    server = models.CharField(max_length=10)
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "server"], name="settlement_delivery_once")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.server}"


class Finding(models.Model):
    """What the last run of a daily check found."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    check_code = models.CharField(max_length=30, primary_key=True)
    count = models.IntegerField()
    examples = models.JSONField(default=list, help_text="The first few, by reference or id: no personal data.")
    checked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.check_code} {self.count}"


class Taxpayer(models.Model):
    """A body that issues tax invoices (eTIMS): its PIN, branch, and the key that KRA gave its device, once."""

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    body_code = models.CharField(max_length=40, unique=True)
    tin = models.CharField(max_length=11)
    branch = models.CharField(max_length=2, default="00")
    key = models.CharField(max_length=200)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.body_code} {self.tin}"


class TaxInvoice(models.Model):
    """The tax invoice of a taxpayer for its lines of a settled bill, or the credit note (of an `original`) for what a refund took back.

    Numbers run without gaps for each taxpayer, through both. It is always in Kenya shillings: where the money moved in dollars
    (`currency`, `moved_cents`), at the rate of the day on which the bill was settled, which its credit notes keep.
    """

    PERSONAL_DATA: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    taxpayer = models.ForeignKey(Taxpayer, on_delete=models.PROTECT, related_name="invoices")
    bill_id = models.UUIDField()
    number = models.IntegerField()
    original = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="credit_notes")
    refund_id = models.UUIDField(null=True, help_text="The refund for which a credit note is made.")
    lines = models.JSONField(
        help_text="Frozen: name in English and in each language, tax category, cents with tax, and tax of it."
    )
    total_cents = models.BigIntegerField(help_text="In shillings.")
    currency = models.CharField(max_length=3, help_text="In which the money came or went.")
    moved_cents = models.BigIntegerField(help_text="In that currency.")
    rate = models.JSONField(null=True, help_text="Of dollars: {rate, day, source}, as on a bill.")
    ordered_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    receipt_number = models.CharField(max_length=40, blank=True)
    signature = models.CharField(max_length=120, blank=True)
    internal_data = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["taxpayer", "number"], name="settlement_invoice_number"),
            models.UniqueConstraint(
                fields=["taxpayer", "bill_id"], condition=Q(original=None), name="settlement_invoice_once"
            ),
            models.UniqueConstraint(fields=["original", "refund_id"], name="settlement_credit_note_once"),
            models.CheckConstraint(
                condition=Q(original__isnull=True, refund_id__isnull=True)
                | Q(original__isnull=False, refund_id__isnull=False),
                name="settlement_credit_note_for_refund",
            ),
            models.CheckConstraint(
                condition=Q(total_cents__gt=0, moved_cents__gt=0), name="settlement_invoice_positive"
            ),
            models.CheckConstraint(
                condition=Q(currency="KES", rate__isnull=True, moved_cents=F("total_cents"))
                | Q(~Q(currency="KES"), rate__isnull=False),
                name="settlement_invoice_in_shillings",
            ),
            models.CheckConstraint(
                condition=Q(issued_at__isnull=True) | ~Q(signature=""), name="settlement_invoice_signed"
            ),
        ]
        indexes = [models.Index(fields=["bill_id"], name="settlement_invoice_bill")]

    def __str__(self) -> str:
        return f"{self.taxpayer_id} {self.number}"

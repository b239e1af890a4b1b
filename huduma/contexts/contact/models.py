"""What customers bring, and everything that was said about it."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from huduma.contexts.contact import rules
from huduma.foundation import ids


class Problem(models.Model):
    """The same trouble of many people, worked on once: each matter that follows it is answered when it is."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    title = models.CharField(max_length=200)
    body_code = models.CharField(max_length=20)
    opened_at = models.DateTimeField()
    solved_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.reference


class Matter(models.Model):
    """A question, request, complaint, dispute or report, on its way up the levels until it is settled.

    `about_id`: the application, bill, ticket or staff account that it is about. `due_at`: when its level must have answered; it stands
    still while `paused_at` is set.
    """

    PERSONAL_DATA: ClassVar = {
        "name": "answering the person who wrote",
        "phone": "answering the person who wrote",
        "email": "answering the person who wrote",
        "text": "dealing with what the person brought",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=150)
    text = models.TextField()
    channel = models.CharField(max_length=20)
    language = models.CharField(max_length=2)
    person = models.ForeignKey("identity.Person", null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    email = models.EmailField(blank=True)
    is_anonymous = models.BooleanField(default=False)
    is_urgent = models.BooleanField(default=False)
    body = models.ForeignKey("places.PublicBody", null=True, on_delete=models.PROTECT, related_name="+")
    service_code = models.CharField(max_length=60, blank=True)
    county = models.ForeignKey("places.County", null=True, on_delete=models.PROTECT, related_name="+")
    centre_code = models.CharField(max_length=8, blank=True)
    latitude = models.DecimalField(
        max_digits=8, decimal_places=5, null=True, help_text="Degrees, WGS 84: the place it is about."
    )
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    place = models.CharField(max_length=200, blank=True, help_text="The place in words.")
    about_kind = models.CharField(max_length=20, blank=True)
    about_id = models.UUIDField(null=True)
    problem = models.ForeignKey(Problem, null=True, on_delete=models.PROTECT, related_name="followers")

    state = models.CharField(max_length=10, default="open")
    level = models.PositiveSmallIntegerField()
    assignee_id = models.UUIDField(null=True, help_text="The account of whoever works on it.")
    opened_at = models.DateTimeField()
    level_at = models.DateTimeField(help_text="When it came to this level.")
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    is_extended = models.BooleanField(default=False)
    overdue_told_at = models.DateTimeField(null=True, help_text="When lateness at the last level was announced.")
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)
    answer = models.TextField(blank=True)
    reopened = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    outside = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(rules.KINDS)), name="contact_kind"),
            models.CheckConstraint(condition=Q(state__in=list(rules.MOVES)), name="contact_state"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=3), name="contact_level"),
            models.CheckConstraint(
                condition=~Q(state__in=["answered", "closed"]) | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="contact_answer_explained",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__gte=F("opened_at")) | Q(answered_at__isnull=True), name="contact_not_back_dated"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__gte=F("opened_at")) | (Q(closed_at__isnull=True) & ~Q(state="closed")),
                name="contact_closed_when",
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None) | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="contact_place",
            ),
            models.CheckConstraint(condition=Q(outside__in=["", *rules.OUTSIDE]), name="contact_outside"),
            models.CheckConstraint(
                condition=~Q(is_anonymous=True) | Q(person__isnull=True, name="", phone="", email=""),
                name="contact_anonymous",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["level", "due_at"], condition=Q(state__in=rules.OPEN_STATES), name="contact_open_due"),
            models.Index(fields=["body", "level", "due_at"], condition=Q(state__in=rules.OPEN_STATES), name="contact_body_open"),
            models.Index(fields=["assignee_id", "due_at"], condition=Q(state__in=rules.OPEN_STATES), name="contact_mine"),
            models.Index(fields=["due_at"], condition=Q(state="open", overdue_told_at__isnull=True), name="contact_sweep"),
            models.Index(fields=["answered_at"], condition=Q(state="answered"), name="contact_accept_sweep"),
            models.Index(
                fields=["-answered_at", "-id"], condition=Q(state__in=["answered", "closed", "outside"]), name="contact_answered"
            ),
            models.Index(fields=["person", "-opened_at"], name="contact_person"),
            models.Index(fields=["phone"], name="contact_phone"),
            models.Index(fields=["about_id"], condition=Q(about_id__isnull=False), name="contact_about"),
            models.Index(fields=["opened_at", "kind"], name="contact_opened"),
            models.Index(fields=["-opened_at"], condition=Q(channel="open311"), name="contact_open311"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference

    @property
    def rules(self) -> rules.Kind:
        """What its kind allows and promises."""
        return rules.KINDS[self.kind]

    @property
    def state_name(self) -> Mapping[str, str]:
        """Where it is, in words."""
        return rules.STATES[self.state]

    @property
    def is_open(self) -> bool:
        """Whether somebody still owes an answer or is owed one."""
        return self.state in rules.OPEN_STATES


class Remark(models.Model):
    """Something said about a matter: by the customer, to the customer, or among staff (`internal`)."""

    PERSONAL_DATA: ClassVar = {"text": "dealing with what the person brought"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="remarks")
    at = models.DateTimeField()
    side = models.CharField(max_length=10)
    account_id = models.UUIDField(null=True)
    level = models.PositiveSmallIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(side__in=["customer", "staff", "internal"]), name="contact_remark_side")
        ]
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.side} {self.at:%Y-%m-%d}"


class CaseAccess(models.Model):
    """Leave for one account to see the application that a matter is about, until a moment (assisted service upon request)."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="+")
    account_id = models.UUIDField()
    granted_by = models.UUIDField()
    reason = models.TextField()
    until_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account_id", "matter", "until_at"], name="contact_access")]

    def __str__(self) -> str:
        return f"until {self.until_at:%Y-%m-%d %H:%M}"

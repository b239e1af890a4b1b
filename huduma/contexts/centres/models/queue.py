"""The queue of a day: tickets, the desks they went through, and the numbers that were given out."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from huduma.contexts.centres.models.places import DESKS
from huduma.foundation import ids

PRIORITIES = ("", "elderly", "disability", "pregnant", "infant", "appointment")
SOURCES = ("kiosk", "reception", "door", "paper", "quick", "outreach")
AT_COUNTER = ("called", "serving")
OPEN = ("waiting", *AT_COUNTER, "held")
STATES = (*OPEN, "done", "no-show", "left")


class Ticket(models.Model):
    """Somebody's place in a day's queue. The row is where the ticket is now; `Stop` rows are where it has been.

    `rank_at` is the moment by which it is called: when it came, less the minutes that the policy credits. `journey` lists
    the desks still to come after `desk`. A counter has one ticket at a time, and a ticket one counter: the database refuses.
    """

    PERSONAL_DATA: ClassVar = {
        "phone": "telling who waits that their turn is near",
        "priority": "calling those first whom the law and decency put first",
        "person": "not asking again what is known",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    number = models.CharField(max_length=8)
    service_code = models.CharField(max_length=60, blank=True, help_text="Empty: reception finds out.")
    priority = models.CharField(max_length=12, blank=True)
    language = models.CharField(max_length=2, default="sw")
    phone = models.CharField(max_length=16, blank=True)
    person = models.ForeignKey("identity.Person", null=True, on_delete=models.PROTECT, related_name="+")
    case_id = models.UUIDField(null=True)
    appointment = models.OneToOneField("centres.Appointment", null=True, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=10)
    desk = models.CharField(max_length=10, default="service")
    journey = ArrayField(models.CharField(max_length=10), default=list)
    state = models.CharField(max_length=8, default="waiting")
    rank_at = models.DateTimeField()
    arrived_at = models.DateTimeField()
    waiting_since = models.DateTimeField()
    called_at = models.DateTimeField(null=True)
    announced_at = models.DateTimeField(null=True, help_text="The last call or recall.")
    serving_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    counter = models.ForeignKey("centres.Counter", null=True, on_delete=models.PROTECT, related_name="+")
    officer_id = models.UUIDField(null=True)
    outcome = models.CharField(max_length=12, blank=True)
    told_at = models.DateTimeField(null=True, help_text="When the SMS went that the turn is near.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["centre", "day", "number"], name="centres_ticket_number"),
            models.UniqueConstraint(
                fields=["counter"], condition=Q(state__in=AT_COUNTER), name="centres_one_ticket_at_a_counter"
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="centres_ticket_state"),
            models.CheckConstraint(condition=Q(priority__in=PRIORITIES), name="centres_ticket_priority"),
            models.CheckConstraint(condition=Q(source__in=SOURCES), name="centres_ticket_source"),
            models.CheckConstraint(condition=Q(desk__in=DESKS), name="centres_ticket_desk"),
            models.CheckConstraint(
                condition=~Q(state__in=AT_COUNTER) | Q(counter__isnull=False, officer_id__isnull=False),
                name="centres_ticket_counter",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN) ^ Q(ended_at__isnull=False), name="centres_ticket_ended"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["centre", "day", "rank_at", "id"], condition=Q(state="waiting"), name="centres_ticket_next"
            ),
            models.Index(
                fields=["centre", "day", "-announced_at"], condition=Q(announced_at__isnull=False),
                name="centres_ticket_board",
            ),
            models.Index(
                fields=["centre", "day"], condition=Q(state="waiting", told_at__isnull=True) & ~Q(phone=""),
                name="centres_ticket_untold",
            ),
            models.Index(fields=["centre", "arrived_at"], name="centres_ticket_arrivals"),
            models.Index(fields=["day"], condition=Q(state__in=OPEN), name="centres_ticket_open"),
            models.Index(fields=["case_id"], condition=Q(case_id__isnull=False), name="centres_ticket_case"),
            models.Index(fields=["person", "day"], condition=Q(person__isnull=False), name="centres_ticket_person"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.centre_id} {self.number}"


class Stop(models.Model):
    """What happened to a ticket at one desk, written when it leaves the desk."""

    PERSONAL_DATA: ClassVar = {"officer_id": "who served"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="stops")
    centre = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    desk = models.CharField(max_length=10)
    service_code = models.CharField(max_length=60, blank=True)
    counter = models.ForeignKey("centres.Counter", null=True, on_delete=models.PROTECT, related_name="+")
    officer_id = models.UUIDField(null=True)
    waiting_since = models.DateTimeField()
    called_at = models.DateTimeField(null=True)
    serving_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=12)

    class Meta:
        indexes = [
            models.Index(fields=["ticket", "ended_at"], name="centres_stop_ticket"),
            models.Index(fields=["centre", "ended_at"], name="centres_stop_lately"),
        ]

    def __str__(self) -> str:
        return f"{self.desk} {self.outcome}"


class Numbering(models.Model):
    """The last number that a centre gave out on a day."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["centre", "day"], name="centres_numbers_of_a_day")]

    def __str__(self) -> str:
        return f"{self.centre_id} {self.day} {self.last}"

"""Conversations, what was said in them, and what came in before anybody judged it."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models import Q

from huduma.contexts.inbox import rules
from huduma.foundation import ids

WAITS = Q(state="open", waiting_since__isnull=False)


class Received(models.Model):
    """What came in from outside, byte for byte. `key` is the source's own, so that a repeat changes nothing.

    `state`: new, done (read, or seen to by a person), or refused (`why`: a short code; it stays for a person to look at).
    """

    PERSONAL_DATA: ClassVar = {"body": "answering the person who wrote", "headers": "knowing who sent it"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    source = models.CharField(max_length=20)
    key = models.CharField(max_length=200)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    size = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="new")
    why = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="inbox_received_once"),
            models.CheckConstraint(condition=Q(state__in=["new", "done", "refused"]), name="inbox_received_state"),
            models.CheckConstraint(condition=Q(state="refused") ^ Q(why=""), name="inbox_refused_why"),
        ]
        indexes = [models.Index(fields=["-received_at"], condition=~Q(state="done"), name="inbox_unread")]

    def __str__(self) -> str:
        return f"{self.source} {self.state}"


class Conversation(models.Model):
    """A customer and us, talking: by whatever channel, until it is wrapped up.

    `channel`: the one by which the customer came last. `address`: by what that channel knows them. `due_at`: when something has to
    happen next: an answer where `waiting_since` is set, else waking up from a rest, or the silent end.
    """

    PERSONAL_DATA: ClassVar = {
        "name": "answering the person who wrote",
        "address": "answering the person who wrote",
        "phone": "answering the person who wrote",
        "email": "answering the person who wrote",
        "subject": "answering the person who wrote",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=150, blank=True)
    is_proven = models.BooleanField(default=True, help_text="Whether the channel vouches for the sender.")
    person = models.ForeignKey("identity.Person", null=True, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=2)
    service_code = models.CharField(max_length=60, blank=True)
    matter = models.ForeignKey("contact.Matter", null=True, on_delete=models.PROTECT, related_name="+")
    application_id = models.UUIDField(null=True)

    state = models.CharField(max_length=10, default="open")
    assignee_id = models.UUIDField(null=True, help_text="The account of whoever answers it.")
    shared_with = ArrayField(models.UUIDField(), default=list, help_text="Accounts that were let in on it.")
    tags = ArrayField(models.CharField(max_length=30), default=list)
    waiting_since = models.DateTimeField(null=True, help_text="Since when the customer waits for an answer.")
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    wrap_up = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=list(rules.CHANNELS)), name="inbox_channel"),
            models.CheckConstraint(condition=Q(state__in=rules.STATES), name="inbox_state"),
            models.CheckConstraint(condition=Q(wrap_up__in=["", *rules.WRAP_UPS]), name="inbox_wrap_up"),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(wrap_up="")
                | ~Q(state="closed") & Q(closed_at=None, wrap_up=""),
                name="inbox_closed_with",
            ),
            models.CheckConstraint(condition=Q(language__in=["en", "sw"]), name="inbox_language"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["due_at", "id"], condition=WAITS, name="inbox_waiting"),
            models.Index(fields=["due_at", "id"], condition=WAITS & Q(assignee_id=None), name="inbox_unassigned"),
            models.Index(fields=["channel", "due_at", "id"], condition=WAITS, name="inbox_waiting_by"),
            models.Index(fields=["assignee_id", "due_at", "id"], condition=~Q(state="closed"), name="inbox_mine"),
            models.Index(fields=["due_at", "id"], condition=~Q(state="closed"), name="inbox_due"),
            models.Index(
                fields=["due_at", "id"], condition=Q(state="open", waiting_since__isnull=True), name="inbox_answered"
            ),
            models.Index(fields=["due_at", "id"], condition=Q(state="snoozed"), name="inbox_snoozed"),
            models.Index(fields=["-closed_at", "-id"], condition=Q(state="closed"), name="inbox_closed"),
            models.Index(fields=["channel", "-closed_at", "-id"], condition=Q(state="closed"), name="inbox_closed_by"),
            models.Index(fields=["channel", "address", "-last_at"], name="inbox_address"),
            models.Index(fields=["phone", "-last_at"], condition=~Q(phone=""), name="inbox_phone"),
            models.Index(fields=["person", "-last_at"], name="inbox_person"),
            GinIndex(fields=["shared_with"], condition=~Q(state="closed"), name="inbox_shared"),
            GinIndex(fields=["tags"], name="inbox_tags"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def channel_name(self) -> Mapping[str, str]:
        """The channel in words."""
        return rules.CHANNELS[self.channel]

    @property
    def is_waiting(self) -> bool:
        """Whether the customer waits for an answer."""
        return self.state == "open" and self.waiting_since is not None


#: States of a message whose channel has no id of it yet.
HANDING_OVER = ("queued", "sending")


class Message(models.Model):
    """One thing said: by the customer, by staff, by the platform itself (`auto`), or a note among staff.

    `outside_id`: the channel's id of it. `delivery_id`: the message of `messages` that carries it. `sending`: of a message that a channel
    hands over itself: queued, sending (in mid call), sent, delivered or failed; failed too when another company could not deliver.
    """

    PERSONAL_DATA: ClassVar = {"text": "answering the person who wrote"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="messages")
    at = models.DateTimeField()
    side = models.CharField(max_length=10)
    channel = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    account_id = models.UUIDField(null=True)
    outside_id = models.CharField(max_length=300, blank=True)
    delivery_id = models.UUIDField(null=True)
    sending = models.CharField(max_length=10, blank=True)
    why_failed = models.CharField(max_length=40, blank=True)
    received = models.ForeignKey(Received, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(side__in=["customer", "staff", "auto", "note"]), name="inbox_side"),
            models.CheckConstraint(
                condition=Q(sending__in=["", *HANDING_OVER, "sent", "delivered", "failed"]), name="inbox_sending"
            ),
            models.UniqueConstraint(
                fields=["channel", "outside_id"], condition=~Q(outside_id=""), name="inbox_message_once"
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "at", "id"], name="inbox_said"),
            BrinIndex(fields=["at"], name="inbox_said_when"),
            models.Index(fields=["delivery_id"], condition=Q(delivery_id__isnull=False), name="inbox_delivery"),
            models.Index(fields=["channel"], condition=Q(sending__in=HANDING_OVER), name="inbox_handing_over"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.at:%Y-%m-%d}"


class Attachment(models.Model):
    """A file that came with a message; one that was not kept says why (`refused`: a Refusal's name)."""

    PERSONAL_DATA: ClassVar = {"name": "answering the person who wrote"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=200)
    file = models.ForeignKey("files.StoredFile", null=True, on_delete=models.PROTECT, related_name="+")
    refused = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(file=None) ^ Q(refused=""), name="inbox_attachment_kept")]

    def __str__(self) -> str:
        return str(self.id)


class Call(models.Model):
    """A telephone call, from the first ring to its end. The recording stays where it was made: here is its address.

    `how` it ended: answered, missed (nobody spoke), or callback (the caller asked for one). `outcome` of a call of ours: `rules.OUTCOMES`.
    """

    PERSONAL_DATA: ClassVar = {
        "phone": "answering the person who called",
        "recording": "settling what was said",
        "keyed": "saying how far what they asked for is",
        "agent_phone": "ringing whoever is on duty",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    session_id = models.CharField(max_length=100, unique=True)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="calls")
    direction = models.CharField(max_length=3)
    phone = models.CharField(max_length=16)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    taken_by = models.UUIDField(null=True, help_text="The account that took it.")
    how = models.CharField(max_length=10, blank=True)
    seconds = models.PositiveIntegerField(default=0)
    recording = models.CharField(max_length=500, blank=True)
    via = models.CharField(max_length=20, default="phone", help_text="The line (a channel's name) that carries it.")
    keyed = models.CharField(
        max_length=22,
        blank=True,
        help_text="What a caller keys who asks for a status: the language, then the digits so far.",
    )
    agent_phone = models.CharField(max_length=16, blank=True, help_text="Where the agent is rung.")
    purpose = models.CharField(max_length=20, blank=True, help_text="Why we called; the customer reads it.")
    callback = models.ForeignKey("CallBack", null=True, on_delete=models.PROTECT, related_name="+")
    rung_at = models.DateTimeField(null=True, help_text="When ringing the agent was ordered.")
    agent_up_at = models.DateTimeField(null=True, help_text="When the agent lifted.")
    answered_at = models.DateTimeField(null=True, help_text="When both could talk.")
    cause = models.CharField(max_length=20, blank=True, help_text="Why a call did not come about.")
    outcome = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["taken_by"], condition=Q(ended_at=None, direction="out"), name="inbox_one_call_out"
            ),
            models.CheckConstraint(condition=Q(outcome__in=["", *rules.OUTCOMES]), name="inbox_call_outcome"),
            models.CheckConstraint(condition=Q(purpose__in=["", *rules.CALL_PURPOSES]), name="inbox_call_purpose"),
            models.CheckConstraint(condition=Q(direction__in=["in", "out"]), name="inbox_call_direction"),
            models.CheckConstraint(
                condition=Q(ended_at=None, how="") | Q(ended_at__isnull=False, how__in=["answered", "missed", "callback"]),
                name="inbox_call_ended",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-started_at"], condition=Q(ended_at=None), name="inbox_ringing"),
            models.Index(fields=["ended_at"], condition=~Q(recording=""), name="inbox_recorded"),
            models.Index(fields=["conversation"], name="inbox_calls"),
            BrinIndex(fields=["started_at"], name="inbox_called_when"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def stage(self) -> str:
        """How far a call is: ringing (inbound), agent (rings), customer (rings), talking, over."""
        if self.ended_at is not None:
            return "over"
        if self.answered_at is not None:
            return "talking"
        if self.direction == "in":
            return "agent" if self.agent_phone else "talking" if self.taken_by else "ringing"
        return "customer" if self.agent_up_at else "agent"


class CallBack(models.Model):
    """A call that a customer was promised, by a moment."""

    PERSONAL_DATA: ClassVar = {"phone": "calling back"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="callbacks")
    phone = models.CharField(max_length=16)
    asked_at = models.DateTimeField()
    promised_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, default="open")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "kept", "failed"]), name="inbox_callback_state"),
            models.UniqueConstraint(fields=["phone"], condition=Q(state="open"), name="inbox_callback_once"),
        ]
        indexes = [models.Index(fields=["promised_at", "id"], condition=Q(state="open"), name="inbox_callbacks")]

    def __str__(self) -> str:
        return f"{self.state} {self.promised_at:%Y-%m-%d %H:%M}"


class DoNotCall(models.Model):
    """A number whose owner asked not to be called. A call that they ask for themselves lifts it."""

    PERSONAL_DATA: ClassVar = {"phone": "leaving those in peace who asked for it"}

    phone = models.CharField(max_length=16, primary_key=True)
    asked_at = models.DateTimeField()
    account_id = models.UUIDField(help_text="Who took it down.")

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d}"


class Mailbox(models.Model):
    """How far a mailbox was read, and since when it cannot be."""

    name = models.CharField(max_length=40, primary_key=True)
    validity = models.BigIntegerField(
        default=0, help_text="The server's UIDVALIDITY: under another one, UIDs begin anew."
    )
    last_uid = models.BigIntegerField(default=0)
    read_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    announced_at = models.DateTimeField(null=True, help_text="When its failure was announced.")
    next_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return self.name


class Canned(models.Model):
    """An answer that is ready in both languages, with fields such as {name} and {reference}."""

    code = models.SlugField(primary_key=True, max_length=40)
    title_en = models.CharField(max_length=100)
    title_sw = models.CharField(max_length=100)
    text_en = models.TextField()
    text_sw = models.TextField()

    def __str__(self) -> str:
        return self.code

    @property
    def title(self) -> Mapping[str, str]:
        """What it is called."""
        return {"en": self.title_en, "sw": self.title_sw}


class Presence(models.Model):
    """A member of staff who is there to answer; when they last were given something. What they speak and serve, the workforce knows."""

    PERSONAL_DATA: ClassVar = {"account": "giving out work fairly", "phone": "ringing whoever is on duty"}

    account = models.OneToOneField("identity.Account", primary_key=True, on_delete=models.PROTECT, related_name="+")
    is_there = models.BooleanField(default=False)
    since_at = models.DateTimeField()
    last_given_at = models.DateTimeField(null=True)
    phone = models.CharField(max_length=16, blank=True, help_text="Extension or number at which they are rung.")

    class Meta:
        indexes = [models.Index(fields=["account"], condition=Q(is_there=True), name="inbox_there")]

    def __str__(self) -> str:
        return f"{self.account_id} {'there' if self.is_there else 'away'}"

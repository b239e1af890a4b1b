"""Links to the programs of bodies, what was told to them, and what they told."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Link(models.Model):
    """A body's program: what it is let do (its body's matters, as focal persons are), and where it is told of news.

    `secret_digest` is of the secret by which it signs in. The secrets of webhooks are sealed: `telling` signs ours, `hearing` its own.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    body = models.ForeignKey("places.PublicBody", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    secret_digest = models.CharField(max_length=64)
    telling = models.TextField()
    hearing = models.TextField()
    url = models.URLField(max_length=500, blank=True, help_text="Where webhooks go; nowhere without one.")
    types = ArrayField(models.CharField(max_length=40), default=list)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["body"], condition=Q(closed_at=None), name="crm_open_links")]

    def __str__(self) -> str:
        return f"{self.name} {self.body_id}"


class Delivery(models.Model):
    """One webhook to a program: queued, delivered, or dead. `payload` names what happened, and nobody."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="deliveries")
    entry_id = models.UUIDField(help_text="The entry of the journal that it tells of.")
    payload = models.JSONField()
    state = models.CharField(max_length=10, default="queued")
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["queued", "delivered", "dead"]), name="crm_delivery_state"),
            models.CheckConstraint(condition=Q(state="queued") ^ Q(settled_at__isnull=False), name="crm_delivery_settled"),
            models.UniqueConstraint(fields=["link", "entry_id"], name="crm_told_once"),
        ]  # fmt: skip
        indexes = [models.Index(fields=["-made_at"], condition=Q(state="dead"), name="crm_dead")]

    def __str__(self) -> str:
        return f"{self.payload.get('type')} {self.state}"


class Heard(models.Model):
    """The id of a webhook that a program sent, so that a repeat does nothing."""

    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="+")
    webhook_id = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "webhook_id"], name="crm_heard_once")]

    def __str__(self) -> str:
        return self.webhook_id

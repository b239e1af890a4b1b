"""Messages to people, from the order to send to the receipt."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Message(models.Model):
    """One SMS or e-mail to one recipient. The text of a secret one (a sign-in code) is blanked once it is sent."""

    PERSONAL_DATA: ClassVar = {"recipient": "delivery", "text": "delivery", "subject": "delivery"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    kind = models.CharField(max_length=60)
    medium = models.CharField(max_length=5)
    recipient = models.CharField(max_length=254)
    language = models.CharField(max_length=2)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    headers = models.JSONField(
        default=dict, help_text="Of an e-mail: what threads it, and what keeps machines from answering."
    )
    about = models.UUIDField(null=True)
    dedupe_key = models.CharField(max_length=200, unique=True)
    secret = models.BooleanField(default=False)
    state = models.CharField(max_length=10, default="queued")
    provider = models.CharField(max_length=30, blank=True)
    tried = models.JSONField(default=list, help_text="Providers that refused it or were down.")
    provider_message_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    state_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(medium__in=["sms", "email"]), name="notices_medium"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "uncertain", "sent", "delivered", "failed"]),
                name="notices_state",
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "provider_message_id"], name="notices_receipt"),
            models.Index(fields=["about"], name="notices_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

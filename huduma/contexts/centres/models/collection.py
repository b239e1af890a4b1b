"""Documents that the body printed and that wait at a centre for their holder."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from huduma.foundation import ids

STATES = ("on-the-way", "ready", "collected", "returned")


class Collectable(models.Model):
    """A printed document. `collected_by` is `holder` or `agent`; `proof` says by what they proved who they are."""

    PERSONAL_DATA: ClassVar = {
        "person": "handing a document to its holder and to nobody else",
        "collector_name": "knowing to whom a document went",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    person = models.ForeignKey("identity.Person", on_delete=models.PROTECT, related_name="+")
    case_id = models.UUIDField(null=True)
    title = models.JSONField(help_text="What it is, in every language.")
    body_code = models.CharField(max_length=20, help_text="Who printed it, and gets it back.")
    centre = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    bound_for = models.ForeignKey("centres.Centre", null=True, on_delete=models.PROTECT, related_name="+")
    shelf = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=10, default="ready")
    received_at = models.DateTimeField()
    reminded = models.PositiveSmallIntegerField(default=0, help_text="How many reminders went.")
    ended_at = models.DateTimeField(null=True)
    collected_by = models.CharField(max_length=6, blank=True)
    proof = models.CharField(max_length=20, blank=True)
    collector_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="centres_collectable_state"),
            models.CheckConstraint(
                condition=Q(state__in=["collected", "returned"]) ^ Q(ended_at__isnull=True),
                name="centres_collectable_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state="collected") | (Q(collected_by__in=["holder", "agent"]) & ~Q(proof="")),
                name="centres_collectable_proof",
            ),
            models.CheckConstraint(
                condition=~Q(state="on-the-way") | Q(bound_for__isnull=False),
                name="centres_collectable_bound",
            ),
            models.CheckConstraint(
                condition=Q(bound_for__isnull=True) | ~Q(bound_for=F("centre")), name="centres_collectable_elsewhere"
            ),
        ]
        indexes = [
            models.Index(
                fields=["centre", "received_at"], condition=Q(ended_at__isnull=True), name="centres_collectable_age"
            ),
            models.Index(fields=["person", "-received_at"], name="centres_collectable_person"),
        ]

    def __str__(self) -> str:
        return self.reference

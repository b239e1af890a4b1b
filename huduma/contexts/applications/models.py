"""Applications: what a customer asks for, from the first answer to the outcome."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Application(models.Model):
    """One request for a service, bound to the version of the service that the applicant saw.

    `status` is `draft`, `withdrawn`, or what the process last said. `register_facts` came from a register, not from typing;
    `register_state` is empty, `found`, or `by-hand` where the register did not answer and an officer has to check.
    """

    PERSONAL_DATA: ClassVar = {
        "answers": "deciding the application",
        "register_facts": "deciding the application without asking again",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True, null=True)
    version = models.ForeignKey("catalogue.ServiceVersion", on_delete=models.PROTECT, related_name="+")
    service_code = models.CharField(max_length=60)
    body_code = models.CharField(max_length=20, help_text="The public body that decides.")
    person = models.ForeignKey("identity.Person", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("identity.Organisation", null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, help_text="Where it was begun: portal, or desk when an officer typed.")
    answers = models.JSONField(default=dict)
    register_facts = models.JSONField(default=dict)
    register_state = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=30, default="draft")
    to_correct = models.JSONField(default=list, help_text="The questions to be answered again.")
    promise = models.JSONField(null=True, help_text="The charter's turn-around as it was at submission.")
    opened_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    status_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="draft") ^ Q(submitted_at__isnull=False), name="applications_submitted_at"
            ),
            models.CheckConstraint(
                condition=Q(status="draft") ^ Q(reference__isnull=False), name="applications_reference"
            ),
            models.CheckConstraint(
                condition=Q(register_state__in=["", "found", "by-hand"]), name="applications_register_state"
            ),
            models.UniqueConstraint(
                fields=["person", "service_code", "organisation"], condition=Q(status="draft"),
                name="applications_one_draft", nulls_distinct=False,
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["person", "-opened_at"], name="applications_person"),
            models.Index(
                fields=["organisation", "-opened_at"], name="applications_organisation",
                condition=Q(organisation__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference or str(self.id)

    @property
    def is_promised(self) -> bool:
        """Whether `due_at` is a promise: the turn-around was published. An estimate never is."""
        return self.promise is not None and self.promise["confidence"] == "published"


class Upload(models.Model):
    """A file that answers a question of an application."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="uploads")
    field = models.CharField(max_length=60)
    file = models.ForeignKey("files.StoredFile", on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.field} {self.id}"

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
    representative = models.ForeignKey(
        "identity.Person", null=True, on_delete=models.PROTECT, related_name="+",
        help_text="Who applies for the person, while their mandate is in force.",
    )  # fmt: skip
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
                fields=["person", "service_code", "organisation", "representative"], condition=Q(status="draft"),
                name="applications_one_draft", nulls_distinct=False,
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["person", "-opened_at"], name="applications_person"),
            models.Index(
                fields=["organisation", "-opened_at"], name="applications_organisation",
                condition=Q(organisation__isnull=False),
            ),
            models.Index(
                fields=["representative", "-opened_at"], name="applications_representative",
                condition=Q(representative__isnull=False),
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


class Agreement(models.Model):
    """What one of several people says to an application: asked by a link of their own, answered after signing in."""

    PERSONAL_DATA: ClassVar = {
        "name": "asking the right person",
        "phone": "sending the link",
        "id_number": "making sure that nobody else answers",
        "reason": "telling the applicant why",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="agreements")
    role = models.CharField(max_length=60, help_text="The id of the party in form.yaml.")
    entry = models.CharField(max_length=8, blank=True, help_text="The entry of a group that names the party.")
    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=16)
    id_number = models.CharField(max_length=14, blank=True)
    seen = models.CharField(max_length=64, help_text="Digest of the answers that are agreed to.")
    state = models.CharField(max_length=10, default="asked")
    person = models.ForeignKey("identity.Person", null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("asked_at", "id")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["asked", "agreed", "declined"]), name="applications_agreed"),
            models.CheckConstraint(
                condition=Q(state="asked") ^ Q(answered_at__isnull=False, person__isnull=False),
                name="applications_agreement_answered",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(reason=""), name="applications_agreement_reason"
            ),
            models.UniqueConstraint(fields=["application", "role", "entry"], name="applications_agreement_once"),
            models.UniqueConstraint(
                fields=["application", "person"],
                condition=Q(person__isnull=False),
                name="applications_agreement_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.state}"

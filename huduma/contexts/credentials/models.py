"""Documents that government signs."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Credential(models.Model):
    """One signed document. It never changes; it can only be revoked."""

    PERSONAL_DATA: ClassVar = {"data": "the face of the document", "holder_person_id": "giving it to its holder"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    issued_for = models.UUIDField(unique=True, help_text="The case whose outcome it is: one case, one document.")
    holder_person_id = models.UUIDField()
    holder_organisation_id = models.UUIDField(null=True, help_text="Whoever acts for it may have the document too.")
    representative_person_id = models.UUIDField(
        null=True, help_text="Who applied for the holder; may have it too while their mandate is in force."
    )
    body_code = models.CharField(max_length=20)
    service_code = models.CharField(max_length=60)
    title = models.JSONField()
    template = models.TextField(help_text="Typst source, frozen with the case.")
    data = models.JSONField()
    state = models.CharField(max_length=10, default="signing")
    ordered_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    valid_until = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=500, blank=True)
    file = models.OneToOneField("files.StoredFile", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["signing", "valid", "revoked"]), name="credentials_state"),
            models.CheckConstraint(
                condition=Q(state="signing") | Q(file__isnull=False, issued_at__isnull=False),
                name="credentials_has_file",
            ),
            models.CheckConstraint(
                condition=~Q(state="revoked") | (Q(revoked_at__isnull=False) & ~Q(revoke_reason="")),
                name="credentials_revoked_why",
            ),
        ]
        indexes = [
            models.Index(fields=["holder_person_id"], name="credentials_holder"),
            models.Index(
                fields=["representative_person_id"], condition=Q(representative_person_id__isnull=False),
                name="credentials_representative",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference

"""For whom people may act: organisations, and one another."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from huduma.contexts.identity.models.people import Person
from huduma.foundation import ids


class Organisation(models.Model):
    """A business or other body that people act for, known by its registration number (Business Registration Service)."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    name = models.CharField(max_length=200)
    registration_number = models.CharField(max_length=30, unique=True)
    kind = models.CharField(max_length=20)
    registered_at = models.DateTimeField()
    verified_by = models.CharField(max_length=20, default="by-hand")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["sole-proprietor", "partnership", "company", "society"]),
                name="identity_organisation_kind",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_kind_label(self) -> str:
        """The kind in English; channels translate it."""
        return self.kind.replace("-", " ")


class Mandate(models.Model):
    """The power of a person to act for an organisation, for a time."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mandates")
    power = models.CharField(max_length=20, default="owner")
    from_on = models.DateField()
    to_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(power__in=["owner", "director", "agent"]), name="identity_power"),
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(to_on__gte=F("from_on")), name="identity_mandate_span"
            ),
            models.UniqueConstraint(
                fields=["person", "organisation"], condition=Q(to_on__isnull=True), name="identity_mandate_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.power} of {self.organisation_id}"


class Representation(models.Model):
    """The power of a person to apply for another one: for a child by the birth record, for an adult who said yes.

    `services`: the codes of the services that it is for; none means every service. Until it is answered, the one who is asked is
    known by `id_number` and `phone` only, as the one who asks typed them.
    """

    PERSONAL_DATA: ClassVar = {
        "id_number": "making sure that nobody else answers",
        "phone": "sending the question",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    representative = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    relation = models.CharField(max_length=10, help_text="What the person is to the representative.")
    services = models.JSONField(default=list)
    id_number = models.CharField(max_length=14, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=10, default="asked")
    from_on = models.DateField()
    to_on = models.DateField()
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=14, blank=True, help_text="person, representative, or replaced by a new one")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(relation__in=["child", "parent", "client", "other"]), name="identity_relation"
            ),
            models.CheckConstraint(
                condition=Q(state="asked", person=None)
                | Q(state__in=["given", "declined"], person__isnull=False, ended_at=None)
                | Q(state="ended", ended_at__isnull=False),
                name="identity_representation_state",
            ),
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="identity_representation_span"),
            models.CheckConstraint(condition=~Q(person=F("representative")), name="identity_representation_of_another"),
            models.UniqueConstraint(
                fields=["representative", "person"], condition=Q(state="given"), name="identity_representation_once"
            ),
        ]
        indexes = [models.Index(fields=["person", "-asked_at"], name="identity_represented")]

    def __str__(self) -> str:
        return f"{self.relation} {self.state}"

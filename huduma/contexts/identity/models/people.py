"""Human beings, as registers know them."""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Lower

from huduma.foundation import ids

#: A name as searches compare it; the index on people is over this very expression.
FULL_NAME = Lower(Concat("first_name", Value(" "), "other_names", Value(" "), "surname"))


class Person(models.Model):
    """A human being. Names and birth date come from the population register, never from the person's typing,
    except where `verified_by` says otherwise (a register that was down; a person without an ID)."""

    PERSONAL_DATA: ClassVar = {
        "id_number": "knowing one person from another across services",
        "surname": "naming the holder of a document",
        "first_name": "naming the holder of a document",
        "other_names": "naming the holder of a document",
        "birth_date": "eligibility, and the face of documents",
        "sex": "the face of documents",
        "phone": "reaching an assisted person who has no account",
        "birth_number": "knowing one child from another",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    id_number = models.CharField(max_length=14, unique=True, null=True)
    surname = models.CharField(max_length=100, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    other_names = models.CharField(max_length=100, blank=True)
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=1, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    birth_number = models.CharField(
        max_length=20, unique=True, null=True, help_text="Of a child without an ID: the number of the birth record."
    )
    verified_at = models.DateTimeField(null=True)
    verified_by = models.CharField(
        max_length=20, blank=True,
        help_text="iprs, by-hand (to be checked), assisted (an officer's word), or birth-record (of a child)",
    )  # fmt: skip
    registered_at = models.DateTimeField()
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+",
        help_text="The record of the same human being that goes on; this one is only remembered.",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into=None) | (Q(id_number=None) & ~Q(merged_into=F("id"))), name="identity_merged"
            ),
            models.CheckConstraint(
                condition=Q(verified_by__in=["", "iprs", "by-hand", "assisted", "birth-record"]),
                name="identity_verified_by",
            ),
            models.CheckConstraint(condition=Q(sex__in=["", "F", "M", "X"]), name="identity_sex"),
        ]
        indexes = [
            GinIndex(OpClass(FULL_NAME, name="gin_trgm_ops"), name="identity_person_name"),
            models.Index(fields=["phone"], condition=~Q(phone=""), name="identity_person_phone"),
            models.Index(
                fields=["birth_date"],
                condition=Q(birth_date__isnull=False, merged_into=None),
                name="identity_person_born",
            ),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="identity_person_merged"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def full_name(self) -> str:
        """Given names first, as documents print them."""
        return " ".join(part for part in (self.first_name, self.other_names, self.surname) if part)

    @property
    def is_verified(self) -> bool:
        """Whether more than the person's own word says who this is: a register, or an officer who wrote down an ID number."""
        return self.verified_by in ("iprs", "birth-record") or (self.verified_by == "assisted" and bool(self.id_number))

"""Who people are, how they sign in, for whom they may act, and what roles they hold."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Lower, Upper

from huduma.foundation import ids
from huduma.foundation.access import ROLES, ROLES_IN_BODY

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


class AccountManager(BaseUserManager["Account"]):
    """Finds an account by what its owner signs in with."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        """Return the account of an e-mail address or phone number."""
        return self.get(Q(email=username) | Q(phone=username))


class Account(AbstractBaseUser):
    """A way to sign in: a citizen's by phone and one-time code, staff's by e-mail, password and second factor."""

    PERSONAL_DATA: ClassVar = {"phone": "sign-in and notices", "email": "sign-in and notices"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    phone = models.CharField(max_length=16, unique=True, null=True)
    email = models.EmailField(unique=True, null=True)
    email_verified_at = models.DateTimeField(null=True)
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="account",
        help_text="Whose it is; a person has several only when records were joined.",
    )  # fmt: skip
    language = models.CharField(max_length=2, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = AccountManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(phone__isnull=False) | Q(email__isnull=False), name="identity_account_reachable"
            ),
            models.CheckConstraint(condition=Q(language__in=["en", "sw"]), name="identity_account_language"),
        ]
        indexes = [models.Index(Upper("email"), condition=Q(email__isnull=False), name="identity_account_email")]

    def __str__(self) -> str:
        return str(self.id)


class NumberChange(models.Model):
    """A person who lost their number is to sign in by another one: asked by a supervisor, confirmed by a colleague (decision 15)."""

    PERSONAL_DATA: ClassVar = {"phone": "sign-in"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    phone = models.CharField(max_length=16)
    asked_by = models.UUIDField(help_text="The account of the supervisor who had the card checked.")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="asked")
    settled_by = models.UUIDField(null=True, help_text="The account of whoever confirmed, refused or replaced it.")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="asked", settled_by=None, settled_at=None)
                | Q(state__in=["confirmed", "refused", "replaced"], settled_by__isnull=False, settled_at__isnull=False),
                name="identity_number_change_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed", settled_by=F("asked_by")), name="identity_number_change_two_persons"
            ),
            models.UniqueConstraint(fields=["person"], condition=Q(state="asked"), name="identity_number_change_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.state}"


class SignInCode(models.Model):
    """A one-time code sent to a phone: kept as a keyed digest, good for a few minutes, a few tries and one use."""

    PERSONAL_DATA: ClassVar = {"phone": "sign-in"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    phone = models.CharField(max_length=16)
    address = models.CharField(max_length=45, help_text="Whence it was asked for; limits floods.")
    digest = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone", "issued_at"], name="identity_code_phone"),
            models.Index(fields=["address", "issued_at"], name="identity_code_address"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class EmailCode(models.Model):
    """A one-time code sent to an e-mail address, to show that the account's owner reads it; kept as a keyed digest."""

    PERSONAL_DATA: ClassVar = {"email": "notices"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    email = models.EmailField()
    digest = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "issued_at"], name="identity_email_code_account"),
            models.Index(fields=["email", "issued_at"], name="identity_email_code_email"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class RoleGrant(models.Model):
    """A role held by an account within a body (or, with no body, everywhere) for a time."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20)
    body = models.ForeignKey("places.PublicBody", null=True, on_delete=models.PROTECT, related_name="+")
    from_on = models.DateField()
    to_on = models.DateField(null=True)
    granted_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=ROLES), name="identity_role_known"),
            models.CheckConstraint(
                condition=~Q(role__in=ROLES_IN_BODY) | Q(body__isnull=False), name="identity_role_in_body"
            ),
            models.UniqueConstraint(
                fields=["account", "role", "body"], condition=Q(to_on__isnull=True), name="identity_role_held_once",
                nulls_distinct=False,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.role} {self.body_id or ''}"


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


class Duplicate(models.Model):
    """Two records that may be one human being's, with what speaks for it, until somebody judges."""

    PERSONAL_DATA: ClassVar = {"why": "showing later why two records were kept apart"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    one = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = ArrayField(models.CharField(max_length=20))
    alike = models.PositiveSmallIntegerField(help_text="How alike the names are, of a hundred.")
    state = models.CharField(max_length=10, default="open")
    found_at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True)
    judged_by = models.UUIDField(null=True)
    why = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="identity_duplicate_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="identity_duplicate_order"),
            models.CheckConstraint(condition=Q(state__in=["open", "apart", "joined"]), name="identity_duplicate_state"),
            models.CheckConstraint(
                condition=~Q(state="apart") | (Q(judged_at__isnull=False) & ~Q(why="")),
                name="identity_duplicate_judged",
            ),
        ]
        indexes = [
            models.Index(fields=["-score", "id"], condition=Q(state="open"), name="identity_duplicates_open"),
            models.Index(fields=["other"], name="identity_duplicate_other"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.score}"


class Merge(models.Model):
    """Two records joined into one: by a register's proof, or by a person (and a second one, where both are verified)."""

    PERSONAL_DATA: ClassVar = {
        "id_number": "giving the number back when the records are parted again",
        "why": "showing later why records were joined",
        "parted_why": "showing later why records were parted",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    kept = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    merged = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10)
    why = models.TextField()
    id_number = models.CharField(max_length=14, blank=True, help_text="What the merged record had; the other goes on.")
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    joined_at = models.DateTimeField(null=True)
    joined_by = models.UUIDField(null=True)
    parted_at = models.DateTimeField(null=True)
    parted_by = models.UUIDField(null=True)
    parted_why = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["asked", "refused"], joined_at=None, parted_at=None)
                | Q(state="joined", joined_at__isnull=False, parted_at=None)
                | (Q(state="parted", joined_at__isnull=False, parted_at__isnull=False) & ~Q(parted_why="")),
                name="identity_merge_state",
            ),
            models.CheckConstraint(condition=~Q(kept=F("merged")), name="identity_merge_of_two"),
            models.UniqueConstraint(
                fields=["merged"], condition=Q(state__in=["asked", "joined"]), name="identity_merged_once"
            ),
        ]
        indexes = [
            models.Index(fields=["kept", "-asked_at"], name="identity_merge_kept"),
            models.Index(fields=["-asked_at"], name="identity_merges"),
        ]

    def __str__(self) -> str:
        return self.state


class MovedRow(models.Model):
    """A row that was the merged record's and went to the one that goes on: what a parting gives back, no more and no less."""

    id = models.BigAutoField(primary_key=True)
    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="moved")
    belonging = models.CharField(max_length=60, help_text="The key of the column, such as contact.Matter.person_id.")
    row_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merge", "belonging", "row_id"], name="identity_moved_once"),
        ]

    def __str__(self) -> str:
        return f"{self.belonging} {self.row_id}"

"""How people sign in, and what roles they hold."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from huduma.contexts.identity.models.people import Person
from huduma.foundation import ids
from huduma.foundation.access import ROLES, ROLES_IN_BODY


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

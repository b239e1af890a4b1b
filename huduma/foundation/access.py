"""Who acts, in what role, for whom, by which channel and for what purpose; and how an act is refused."""

import inspect
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from django.utils.translation import gettext

#: What each may do is decided by operations; those of a body are held in that body.
ROLES = (
    "officer", "supervisor", "secretariat", "administrator",
    "agent", "focal", "accounting_officer", "integrity",
    "accountant", "auditor", "analyst",
)  # fmt: skip
#: Roles that exist only within a public body.
ROLES_IN_BODY = ("officer", "supervisor", "focal", "accounting_officer", "analyst")
#: The purpose of acts for a person who is served at a counter.
ASSISTED = "assisted"


class Refusal(Exception):
    """This cannot be done now."""

    def __init__(self, message: str | None = None, **facts: object) -> None:
        super().__init__(message or self.default_message())
        self.facts = facts
        self._message = message

    @classmethod
    def default_message(cls) -> str:
        """Return the English sentence of this refusal: its docstring, on one line."""
        return " ".join(inspect.cleandoc(cls.__doc__ or Refusal.__doc__ or "").split())

    @property
    def code(self) -> str:
        """The refusal's stable name, for APIs and logs."""
        return type(self).__name__

    @property
    def message(self) -> str:
        """The sentence to show, in the active language."""
        return self._message or gettext(self.default_message())


class NotPermitted(Refusal):
    """You do not have permission to do this. If your work needs it, ask your supervisor."""


class NotFound(Refusal):
    """We could not find that. Check the address or the reference and try again."""


@dataclass(frozen=True)
class Grant:
    """A role held, within one public body or (body None) everywhere."""

    role: str
    body_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The one who acts. Every operation and every read of personal data takes one."""

    kind: Literal["person", "system", "anonymous"]
    channel: str
    account_id: UUID | None = None
    person_id: UUID | None = None
    grants: frozenset[Grant] = field(default_factory=frozenset)
    on_behalf_of: UUID | None = None
    purpose: str = "service"
    #: The network address that the act comes from, for counting tries; it is kept nowhere and shown nowhere.
    address: str = field(default="", repr=False, compare=False)

    @property
    def acting_as_id(self) -> UUID | None:
        """The person or organisation whose business this is."""
        return self.on_behalf_of or self.person_id

    @property
    def applicant_id(self) -> UUID | None:
        """The human being whose own business this is: the one who acts, or the one who is served at a counter."""
        return self.on_behalf_of if self.purpose == ASSISTED else self.person_id

    @property
    def organisation_id(self) -> UUID | None:
        """The organisation for which a citizen acts now."""
        return None if self.purpose == ASSISTED else self.on_behalf_of

    def with_purpose(self, purpose: str) -> "Actor":
        """Return the same actor, acting for another purpose."""
        return replace(self, purpose=purpose)

    @property
    def is_staff(self) -> bool:
        """Whether the actor holds any role."""
        return bool(self.grants)

    def has_role(self, *roles: str, body: str | None = None) -> bool:
        """Whether the actor holds one of the roles, for this body or everywhere."""
        return any(g.role in roles and (body is None or g.body_code in (None, body)) for g in self.grants)

    def require_role(self, *roles: str, body: str | None = None) -> None:
        """Raise NotPermitted unless the actor holds one of the roles for this body, or is the system itself."""
        if self.kind != "system" and not self.has_role(*roles, body=body):
            raise NotPermitted

    def has_everywhere(self, *roles: str) -> bool:
        """Whether the actor holds one of the roles without a body, that is for all."""
        return any(g.role in roles and g.body_code is None for g in self.grants)

    def require_everywhere(self, *roles: str) -> None:
        """Raise NotPermitted unless the actor holds one of the roles without a body, that is for all, or is the system itself."""
        if self.kind != "system" and not self.has_everywhere(*roles):
            raise NotPermitted

    @property
    def body_codes(self) -> frozenset[str]:
        """The bodies in which the actor holds a role."""
        return frozenset(g.body_code for g in self.grants if g.body_code)


SYSTEM = Actor(kind="system", channel="system", purpose="process")
ANONYMOUS = Actor(kind="anonymous", channel="portal", purpose="information")

"""Who people are, how they sign in, for whom they may act, and what roles they hold."""

from huduma.contexts.identity.models.accounts import Account, EmailCode, NumberChange, RoleGrant, SignInCode
from huduma.contexts.identity.models.duplicates import Duplicate, Merge, MovedRow
from huduma.contexts.identity.models.mandates import Mandate, Organisation, Representation
from huduma.contexts.identity.models.people import FULL_NAME, Person

__all__ = [
    "FULL_NAME",
    "Account",
    "Duplicate",
    "EmailCode",
    "Mandate",
    "Merge",
    "MovedRow",
    "NumberChange",
    "Organisation",
    "Person",
    "Representation",
    "RoleGrant",
    "SignInCode",
]

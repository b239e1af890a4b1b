"""The front door of the links to bodies' programs."""

from huduma.contexts.crm.models import Delivery, Link
from huduma.contexts.crm.operations import (
    NoBody,
    NoName,
    NoSuchType,
    NotAnAddress,
    NoTypes,
    Opened,
    TooManyRequests,
    act,
    admit,
    admit_signed,
    close_link,
    hear,
    open_link,
    replay,
    sign_in,
)
from huduma.contexts.crm.queries import (
    OPERATORS,
    TOKEN_SECONDS,
    actor_of_link,
    list_dead_for,
    list_links_for,
    token_of,
)
from huduma.contexts.crm.rules import INCOMING, REQUESTS_PER_MINUTE, TYPES

__all__ = [
    "INCOMING", "OPERATORS", "REQUESTS_PER_MINUTE", "TOKEN_SECONDS", "TYPES", "Delivery", "Link", "NoBody", "NoName",
    "NoSuchType", "NoTypes", "NotAnAddress", "Opened", "TooManyRequests", "act", "actor_of_link", "admit",
    "admit_signed", "close_link", "hear", "list_dead_for", "list_links_for", "open_link", "replay", "sign_in",
    "token_of",
]  # fmt: skip

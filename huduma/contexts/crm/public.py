"""The front door of the links to bodies' programs."""

from huduma.contexts.crm.models import Delivery, Link
from huduma.contexts.crm.operations import (
    NoName,
    NoSuchType,
    NotAnAddress,
    Opened,
    act,
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
    get_hearing,
    link_of_token,
    list_dead_for,
    list_links_for,
    token_of,
)
from huduma.contexts.crm.rules import INCOMING, TYPES

__all__ = [
    "INCOMING", "OPERATORS", "TOKEN_SECONDS", "TYPES", "Delivery", "Link", "NoName", "NoSuchType", "NotAnAddress", "Opened", "act",
    "actor_of_link", "close_link", "get_hearing", "hear", "link_of_token", "list_dead_for", "list_links_for", "open_link", "replay",
    "sign_in", "token_of",
]  # fmt: skip

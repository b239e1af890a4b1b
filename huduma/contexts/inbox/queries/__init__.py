"""Reading conversations and what belongs to them."""

from huduma.contexts.inbox.queries.conversations import (
    CHAT_LINK,
    ConversationPage,
    Ended,
    View,
    calls_of,
    chat_token,
    colleagues,
    get_attachment_for,
    get_chat,
    get_ended,
    get_for,
    helpers,
    list_for,
    may_read,
    others_of,
    said_in,
    ways_of,
)
from huduma.contexts.inbox.queries.work import (
    Promised,
    challenge_of,
    dead_mailbox,
    fill,
    fill_article,
    get_call_for,
    get_refused_for,
    is_signed_by,
    list_callbacks_for,
    list_calls_for,
    list_canned,
    list_ended_calls_for,
    list_refused_for,
    list_there_for,
    presence_of,
    suggest_articles,
)

__all__ = [
    "CHAT_LINK", "ConversationPage", "Ended", "Promised", "View", "calls_of", "challenge_of", "chat_token", "colleagues", "dead_mailbox",
    "fill", "fill_article", "get_attachment_for", "get_call_for", "get_chat", "get_ended", "get_for", "get_refused_for", "helpers",
    "is_signed_by", "list_callbacks_for", "list_calls_for", "list_canned", "list_ended_calls_for", "list_for",
    "list_refused_for", "list_there_for", "may_read", "others_of", "presence_of", "said_in", "suggest_articles", "ways_of",
]  # fmt: skip

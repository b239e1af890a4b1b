"""The front door of messages."""

from huduma.contexts.messages.operations import MAIL_HOST, record_bounce, record_receipt, send
from huduma.contexts.messages.providers.twilio import is_signed
from huduma.contexts.messages.queries import Sent, get_sent

__all__ = ["MAIL_HOST", "Sent", "get_sent", "is_signed", "record_bounce", "record_receipt", "send"]

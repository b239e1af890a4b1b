"""The front door of messages."""

from huduma.contexts.messages.operations import record_receipt, send
from huduma.contexts.messages.providers.twilio import is_signed

__all__ = ["is_signed", "record_receipt", "send"]

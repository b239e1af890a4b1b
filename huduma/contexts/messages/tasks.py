"""Deferred work of messages."""

from uuid import UUID

from huduma.contexts.messages import operations
from huduma.foundation import jobs


@jobs.job(name="messages.hand_over", attempts=8)
def hand_over(message_id: str) -> None:
    """Hand one message to a company."""
    operations.hand_over(UUID(message_id))

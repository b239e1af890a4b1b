"""Deferred and scheduled work of the inbox."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.inbox import operations
from huduma.foundation import jobs


@jobs.every("* * * * *", name="inbox.fetch_mail")
def fetch_mail(timestamp: int) -> None:
    """Fetch new mail."""
    operations.fetch_mail(timezone.now())


@jobs.job(name="inbox.take", attempts=8)
def take(received_id: str) -> None:
    """Understand one thing that came in."""
    operations.take(received_id=UUID(received_id), now=timezone.now())


@jobs.job(name="inbox.settle_receipts", attempts=4)
def settle_receipts(received_id: str) -> None:
    """Look once more whose the receipts of one webhook are."""
    operations.settle_receipts(received_id=UUID(received_id), now=timezone.now())


@jobs.job(name="inbox.scan", attempts=4)
def scan(message_id: str) -> None:
    """Check the files of one message for harm that could not be checked before."""
    operations.scan(message_id=UUID(message_id), now=timezone.now())


@jobs.job(name="inbox.hand_over", attempts=8)
def hand_over(message_id: str) -> None:
    """Hand one answer to its channel."""
    operations.hand_over_message(UUID(message_id))


@jobs.job(name="inbox.give_up")
def give_up(message_id: str) -> None:
    """Say of one answer that its channel did not take it, where that is so."""
    operations.give_up(message_id=UUID(message_id), now=timezone.now())


@jobs.job(name="inbox.distribute")
def distribute() -> None:
    """Give what waits to those who are there."""
    operations.distribute(timezone.now())


@jobs.job(name="inbox.steer", attempts=4)
def steer(call_id: str, act: str) -> None:
    """Tell a telephone line what to do with a call."""
    operations.steer_call(call_id=UUID(call_id), act=act, now=timezone.now())


@jobs.every("20 2 * * *", name="inbox.forget_recordings")
def forget_recordings(timestamp: int) -> None:
    """Delete the recordings whose time is over."""
    operations.forget_recordings(timezone.now())


@jobs.job(name="inbox.forget_recording", attempts=8)
def forget_recording(call_id: str) -> None:
    """Delete one recording."""
    operations.forget_recording(call_id=UUID(call_id), now=timezone.now())


@jobs.every("* * * * *", name="inbox.wake")
def wake(timestamp: int) -> None:
    """Wake what rested, end what is silent, and give out what was left; end calls that a line forgot, and presence that people did."""
    operations.end_forgotten(timezone.now())
    operations.end_presences(timezone.now())
    operations.wake(timezone.now())
    operations.distribute(timezone.now())

"""Packages whose day has come."""

from datetime import UTC, datetime
from uuid import UUID

from django.utils import timezone

from huduma.contexts.catalogue import operations, queries
from huduma.foundation import jobs


@jobs.job(name="catalogue.take_effect")
def take_effect(proposal_id: str) -> None:
    """Let a published package run from its day on."""
    operations.take_effect(proposal_id=UUID(proposal_id), now=timezone.now())


@jobs.every("2 * * * *", name="catalogue.due")
def due(timestamp: int) -> None:
    """Let packages run whose own job was lost, say with a restored database."""
    now = datetime.fromtimestamp(timestamp, UTC)
    for proposal_id in queries.due_proposals(now):
        operations.take_effect(proposal_id=proposal_id, now=now)

"""Deferred work of credentials."""

from uuid import UUID

from huduma.contexts.credentials import operations
from huduma.foundation import jobs


@jobs.job(name="credentials.sign", attempts=10)
def sign(credential_id: str) -> None:
    """Set and sign one document."""
    operations.sign(UUID(credential_id))

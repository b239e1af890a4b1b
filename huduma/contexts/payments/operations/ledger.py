"""The double-entry ledger: balanced transfers, never changed."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from huduma.foundation import ids


def transfer(*, kind: str, legs: dict[str, int], payment_id: UUID | None, currency: str, now: datetime) -> UUID:
    """Write one balanced transfer in one statement. `legs`: account code → cents, debit positive, credit negative."""
    transfer_id = ids.uuid7()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT payments_transfer(%s, %s, %s, %s, %s, %s, %s)",
            [transfer_id, kind, payment_id, currency, now, list(legs), list(legs.values())],
        )
    return transfer_id

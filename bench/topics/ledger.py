"""Transfers in the ledger by one client, beside pgbench running the same statement."""

from django.utils import timezone

from bench.pgbench import limit
from bench.rates import median_rate
from huduma.contexts.payments import public as payments


def measure(url: str) -> None:
    """Three legs a transfer, each transfer a transaction on disk."""
    legs = {"gateway:mpesa": 25000, "body:CRS": -20000, "body:TNT": -5000}

    def ours() -> None:
        payments.transfer(kind="bench", legs=legs, payment_id=None, currency="KES", now=timezone.now())

    rate = median_rate(ours, 400)
    theirs = limit(
        url,
        "SELECT payments_transfer(gen_random_uuid(), 'bench', NULL, 'KES', now(),"
        " ARRAY['gateway:mpesa','body:CRS','body:TNT'], ARRAY[25000,-20000,-5000]::bigint[]);\n",
    )
    print(
        f"ledger transfers, one client      {rate:8.0f}/s   pgbench, same statement {theirs:8.0f}/s   ratio {rate / theirs:.2f}"
    )

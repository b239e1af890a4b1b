"""Ordering, setting, signing and keeping a certificate: what a worker does, in one process."""

from pathlib import Path

from django.utils import timezone
from procrastinate.contrib.django import app

from bench.rates import median_rate
from huduma.contexts.credentials import public as credentials
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM


def measure(url: str) -> None:
    """A birth certificate with one fact, ten at a time."""
    template = Path("services/birth-cert-current/certificate.typ").read_text()
    data = {
        "body": {"en": "Civil Registration Services", "sw": "Huduma za Usajili wa Raia"},
        "facts": [{"en": "Name of the child", "sw": "Jina la mtoto", "value": "Pendo Mfano"}],
    }

    def ours() -> None:
        ordered = credentials.issue_credential(
            actor=SYSTEM, issued_for=ids.uuid7(), template=template, title={"en": "Certificate", "sw": "Cheti"}, data=data,
            holder_person_id=ids.uuid7(), body_code="CRS", service_code="birth-cert-current", now=timezone.now(),
        )  # fmt: skip
        app.tasks["credentials.sign"].func(credential_id=str(ordered.id))

    print(f"documents set, signed and kept    {median_rate(ours, 10):8.1f}/s")

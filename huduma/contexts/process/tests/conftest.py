"""Stand-ins for what the contexts above plug in, where they are not installed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from huduma.contexts.identity import public as identity
from huduma.contexts.places.models import PublicBody
from huduma.contexts.process.providers import plugs
from huduma.foundation.access import SYSTEM
from huduma.foundation.sockets import Registry


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[..., Any]]:
    """What service tasks do in this test, by name: replace an entry to act."""
    does: dict[str, Callable[..., Any]] = {"raise-bill": lambda **_: None, "issue-credential": lambda **_: None}
    monkeypatch.setattr(plugs, "actions", Registry("action of a service task"))
    for name in does:
        plugs.register_action(
            name, lambda name=name, **given: does[name](**given), schema={"additionalProperties": True}
        )
    return does


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str | None]]:
    """The statuses that observers heard: (step, status, outcome)."""
    told: list[tuple[str, str, str | None]] = []

    def observe(*, case_id: UUID, step: str, status: str, outcome: str | None, now: datetime) -> None:
        told.append((step, status, outcome))

    monkeypatch.setattr(plugs, "observers", [observe])
    return told


@pytest.fixture
def colleague(now: datetime) -> UUID:
    """An officer of the civil registration."""
    PublicBody.objects.create(
        code="CRS", name_en="Civil Registration", name_sw="Usajili", kind="department", level="national"
    )
    account = identity.open_staff_account(
        actor=SYSTEM, email="officer.two@crs.example", password="correct-horse-battery", first_name="Afisa",
        surname="Mfano", now=now,
    )  # fmt: skip
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="officer", body_code="CRS", now=now)
    return account.id

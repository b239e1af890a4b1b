"""A body, a customer, and one member of staff on each level."""

from collections.abc import Callable
from datetime import datetime

import pytest

from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM, Actor

STAFF = (
    ("agent", None), ("focal", "CRS"), ("accounting_officer", "CRS"), ("focal", "DCI"), ("secretariat", None), ("integrity", None),
    ("supervisor", "CRS"),
)  # fmt: skip


@pytest.fixture
def bodies(db) -> None:
    places.load_places(actor=SYSTEM)


@pytest.fixture
def customer(bodies, now: datetime) -> Actor:
    """A citizen who is signed in and known."""
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="sw", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account.refresh_from_db()
    return identity.actor_for(account, channel="portal", purpose="self-service")


@pytest.fixture
def staff(bodies, now: datetime) -> Callable[..., Actor]:
    """Returns the member of staff who holds a role, in a body or everywhere."""
    made = {}
    for number, (role, body) in enumerate(STAFF):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{role}{number}@example.org", password="a-long-password-for-tests", first_name=role.title(),
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        made[role, body] = account

    def get(role: str, body: str | None = None) -> Actor:
        return identity.actor_for(made[role, body], channel="desk", purpose="casework", second_factor=True)

    return get

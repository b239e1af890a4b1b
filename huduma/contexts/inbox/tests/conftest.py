"""A customer, the contact centre's staff, and somebody of a body."""

from collections.abc import Callable
from datetime import datetime

import pytest

from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM, Actor


@pytest.fixture
def bodies(db) -> None:
    places.load_places(actor=SYSTEM)


@pytest.fixture
def customer(bodies, now: datetime) -> Actor:
    """A citizen who is signed in and known, with a phone number and an address that was shown to be theirs."""
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="sw", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    identity.change_contact(actor=actor, verified_email="asha@mfano.example", now=now)
    account.refresh_from_db()
    return identity.actor_for(account, channel="portal", purpose="self-service")


@pytest.fixture
def staff(bodies, now: datetime) -> Callable[..., Actor]:
    """Returns a member of staff by name, made when first asked for."""
    made: dict[str, identity.Account] = {}

    def get(name: str = "Neema", role: str = "agent", body: str | None = None) -> Actor:
        if name not in made:
            account = identity.open_staff_account(
                actor=SYSTEM, email=f"{name.lower()}@example.org", password="a-long-password-for-tests", first_name=name,
                surname="Mfano", now=now,
            )  # fmt: skip
            identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
            made[name] = account
        return identity.actor_for(made[name], channel="desk", purpose="casework", second_factor=True)

    return get

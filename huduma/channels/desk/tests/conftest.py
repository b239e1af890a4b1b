"""Staff who are signed in."""

import pytest

from huduma.contexts.identity import public as identity
from huduma.contexts.places.models import PublicBody
from huduma.foundation.access import SYSTEM


@pytest.fixture
def staff(now):
    """Opens an account with a role in a body, or everywhere."""

    def make(name, role="officer", body="CRS"):
        if body:
            PublicBody.objects.get_or_create(
                code=body, defaults={"name_en": body, "name_sw": body, "kind": "department", "level": "national"}
            )
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name.lower()}@example.org", password="correct-horse-battery", first_name=name,
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        return account

    return make

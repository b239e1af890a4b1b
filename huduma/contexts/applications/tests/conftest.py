"""Citizens who are known, and the three services."""

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM
from tests.pictures import png as picture

PNG = picture()


@pytest.fixture
def services(db):
    """The reference data and the services that run online."""
    places.load_places(actor=SYSTEM)
    now = timezone.now()
    for code in ("birth-cert-current", "police-clearance", "county-sbp"):
        catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / code, now=now)


@pytest.fixture
def citizen(db):
    """Makes the actor of a test citizen who has proven who she is."""

    def make(number=2, first_name="Asha"):
        now = timezone.now()
        account = identity.open_account(actor=ANONYMOUS, phone=f"+2547000000{number:02}", language="en", now=now)
        facts = identity.IdentityFacts(
            id_number=f"900000{number:02}",
            surname="Mfano",
            first_name=first_name,
            other_names="",
            birth_date=None,
            sex="F",
        )
        actor = identity.actor_for(account, channel="portal", purpose="self-service")
        identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
        account = Account.objects.get(id=account.id)
        return identity.actor_for(account, channel="portal", purpose="self-service")

    return make


@pytest.fixture
def png():
    """A picture of one pixel, different for each number."""
    return lambda number=0: PNG + bytes([number])

"""Fixtures: a centre with three counters, officers who are posted there, and people to serve."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from huduma.contexts.catalogue.models import Service
from huduma.contexts.centres import operations as centres
from huduma.contexts.centres.models import Centre
from huduma.contexts.identity import public as identity
from huduma.contexts.places.models import PublicBody
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import ANONYMOUS, SYSTEM
from huduma.foundation.worktime.models import SpecialDay

WEEK = [[["08:00", "17:00"]]] * 5 + [[], []]


@pytest.fixture
def monday():
    """Monday 30 November 2026, 08:00 in Kenya: a week after `now`."""
    return datetime(2026, 11, 30, 5, 0, tzinfo=UTC)


@pytest.fixture
def service(db):
    body = PublicBody.objects.create(code="DCI", name_en="DCI", name_sw="DCI", kind="department", level="national")
    made = {}
    for code in ("police-clearance", "birth-cert-current"):
        made[code] = Service.objects.create(
            code=code, body=body, level="national", category="x", name_en=code, name_sw=code,
            content={"at_huduma": True, "life_events": []},
        )  # fmt: skip
    return made


@pytest.fixture
def centre(service, now):
    made = Centre.objects.create(code="HC01", name="Huduma Centre Mfano", status="operational", hours=WEEK)
    for number in (1, 2, 3):
        centres.set_counter(actor=SYSTEM, centre_code="HC01", number=number, desks=["service"], now=now)
    return made


@pytest.fixture
def citizen(db, now):
    """Makes a proven citizen with a phone, and returns the actor that they are."""

    def make(number, email=None):
        account = identity.open_account(actor=ANONYMOUS, phone=f"+2547{number:08}", language="en", now=now)
        actor = identity.actor_for(account, channel="portal", purpose="self-service")
        facts = identity.IdentityFacts(
            id_number=f"9{number:07}", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
        )
        identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
        account.refresh_from_db()
        return identity.actor_for(account, channel="portal", purpose="self-service")

    return make


@pytest.fixture
def always_open(centre):
    """The same centre, open day and night on every day around today, for tests that live in real time."""
    centre.hours = [[["00:00", "23:59"]]] * 7
    centre.least_notice_minutes = 0
    centre.save()
    for n in range(-1, 15):
        SpecialDay.objects.create(date=timezone.localdate() + timedelta(days=n), is_working=True, reason="test")
    return centre


@pytest.fixture
def clerk(centre, now):
    """Makes an officer who is posted to the centre, and sits down at a counter where a number is given."""

    def make(name, counter=None, role="officer", posted=True):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name}@example.org", password="correct-horse-battery", first_name=name,
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code="DCI", now=now)
        if posted:
            workforce.post_staff(
                actor=SYSTEM,
                account_id=account.id,
                place_code="HC01",
                from_on=(now - timedelta(days=9)).date(),
                now=now,
            )
        actor = identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)
        if counter:
            centres.open_counter(actor=actor, counter_id=centre.counters.get(number=counter).id, now=now)
        return actor

    return make

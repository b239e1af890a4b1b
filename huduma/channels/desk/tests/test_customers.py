"""The page of a customer as staff read it: whole, in both languages, within the role, and as quick for a long life as for a short one."""

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from huduma.contexts.applications.models import Application
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.catalogue.models import ServiceVersion
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Mandate, Organisation, Person, Representation
from huduma.contexts.inbox.models import DoNotCall
from huduma.contexts.payments.models import Bill
from huduma.contexts.places import public as places
from huduma.foundation import ids, references
from huduma.foundation.access import ANONYMOUS, SYSTEM, Actor, Grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def asha(now):
    """A citizen who proved who she is."""
    places.load_places(actor=SYSTEM)
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="sw", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    return Person.objects.get(id_number="90000002")


@pytest.fixture
def reader(client, enter_desk, now):
    """Signs somebody with a role in; returns how their page of a customer looks."""

    def enter(role, body=None):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{role}@example.org", password="correct-horse-battery", first_name="Neema",
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        enter_desk(client, account)
        return lambda person, why="call", language="en": client.get(
            f"/{language}/desk/customers/{person.id}/", {"why": why}
        ).content.decode()

    return enter


def grow(person, number, version, now):
    """Give a customer sent applications, each with its bill."""
    rows = [
        Application(
            reference=references.mint("HA"), version=version, service_code="police-clearance", body_code="DCI", person=person,
            channel="portal", status="in_review", opened_at=now, saved_at=now, submitted_at=now, status_at=now,
        )
        for _ in range(number)
    ]  # fmt: skip
    Application.objects.bulk_create(rows)
    line = [{"code": "fee", "words": {"en": "Fee"}, "amount_cents": 100_000, "body_code": "DCI"}]
    Bill.objects.bulk_create(
        Bill(
            reference=references.mint("HB"), payable_id=row.id, purpose="application", payer_person_id=person.id, description={},
            lines=line, total_cents=100_000, raised_at=now,
        )
        for row in rows
    )  # fmt: skip


def test_thirty_applications_are_as_many_queries_as_one(asha, reader, now):
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / "police-clearance", now=timezone.now())
    version, look = ServiceVersion.objects.get(service_id="police-clearance"), reader("agent")
    counts = []
    for more in (1, 29):
        grow(asha, more, version, now)
        with CaptureQueriesContext(connection) as captured:
            page = look(asha)
        counts.append(len(captured))
    assert page.count("<td>Application being checked</td>") == 30
    assert counts[0] == counts[1]
    assert counts[0] <= 35, counts


def test_the_page_says_how_they_are_reached_for_whom_they_act_and_what_they_agreed_to(asha, reader, now):
    today = timezone.localdate()
    child = Person.objects.create(first_name="Juma", surname="Mfano", verified_by="birth-record", registered_at=now)
    mother = Person.objects.create(first_name="Bibi", surname="Mfano", verified_by="assisted", registered_at=now)
    for who, whom, relation in ((asha, child, "child"), (asha, mother, "parent"), (mother, asha, "child")):
        Representation.objects.create(
            representative=who, person=whom, relation=relation, state="given", from_on=today,
            to_on=today + timedelta(days=30), asked_at=now,
        )  # fmt: skip
    firm = Organisation.objects.create(
        name="Mfano Traders", registration_number="BN-1", kind="partnership", registered_at=now
    )
    Mandate.objects.create(person=asha, organisation=firm, power="director", from_on=date(2026, 1, 1))
    Person.objects.filter(id=asha.id).update(phone="+254700000003")
    DoNotCall.objects.create(phone="+254700000003", asked_at=now, account_id=ids.uuid7())
    officer = Actor(
        kind="person", channel="desk", account_id=ids.uuid7(), grants=frozenset({Grant("officer", "CRS")}), purpose="casework"
    )  # fmt: skip
    identity.assist_known_person(actor=officer, person_id=asha.id, consent="by-mark", now=now)
    look = reader("agent")
    words = {
        "en": (
            "signs in with it", "written down by an officer, not confirmed", "asked not to be called", "Their child, every service",
            "Their mother or father", "Mfano Traders", "Director", "They signed or gave a thumbprint", "by the population register",
        ),
        "sw": (
            "huingia nayo", "iliandikwa na afisa, haijathibitishwa", "aliomba asipigiwe simu", "Mtoto wake, kila huduma",
            "Mama au baba yake", "Mfano Traders", "Mkurugenzi", "Ametia sahihi au alama ya dole gumba", "na sajili ya watu",
        ),
    }  # fmt: skip
    for language, expected in words.items():
        page = look(asha, language=language)
        assert [one for one in expected if one not in page] == []
        assert ("Juma Mfano" in page, "Bibi Mfano" in page) == (True, True)
    checked = look(asha, why="check")
    assert [one for one in ("Juma Mfano", "Mfano Traders", "+254", "0700 000 003") if one in checked] == []
    assert "They signed or gave a thumbprint" in checked

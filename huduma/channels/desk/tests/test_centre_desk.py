"""The counter, reception, the manager's screens and the shelf, over HTTP."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.centres import public as centres
from huduma.contexts.centres.models import Closure, Collectable, Ticket
from huduma.contexts.identity.models import Account, Person
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids, references
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_desk(client, clerk, enter_desk):
    """Signs an officer in at the desk; returns the actor that they are."""

    def make(name="neema", **about):
        actor = clerk(name, **about)
        enter_desk(client, Account.objects.get(id=actor.account_id))
        return actor

    return make


def act(client, ticket, verb, **more):
    return client.post("/en/desk/counter/act/", {"ticket": ticket.id, "verb": verb, **more}, follow=True)


def test_a_shift_at_the_counter(client, always_open, at_desk):
    at_desk()
    page = client.get("/en/desk/counter/").content.decode()
    client.post("/en/desk/counter/open/", {"counter": re.search(r'name="counter" value="([^"]+)"', page)[1]})
    assert "Nobody waits" in client.post("/en/desk/counter/next/", follow=True).content.decode()
    fresh = re.search(r'name="fresh" value="([^"]+)"', client.get("/en/desk/reception/").content.decode())[1]
    given = client.post("/en/desk/reception/", {"fresh": fresh, "service": "police-clearance", "priority": "pregnant"})
    assert "A001" in given.content.decode()
    called = client.post("/en/desk/counter/next/", follow=True).content.decode()
    assert "A001" in called
    assert "Pregnant" in called
    ticket = Ticket.objects.get()
    for verb, state in (
        ("recall", "called"),
        ("serve", "serving"),
        ("hold", "held"),
        ("resume", "called"),
        ("serve", "serving"),
    ):
        act(client, ticket, verb)
        ticket.refresh_from_db()
        assert ticket.state == state
    assert (
        "There is still somebody at your counter"
        in client.post("/en/desk/counter/close/", follow=True).content.decode()
    )
    act(client, ticket, "transfer", desk="cashier")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.desk) == ("waiting", "cashier")
    assert "not at your counter any more" in act(client, ticket, "finish-done").content.decode()
    client.post("/en/desk/counter/quick/", {"fresh": ids.uuid7(), "service": ""})
    assert Ticket.objects.filter(source="quick", state="done").count() == 1
    client.post("/en/desk/counter/close/")
    assert centres.counter_of(SYSTEM) is None


def test_serving_somebody_known_is_assisted_with_consent(client, always_open, at_desk, citizen):
    officer, me = at_desk(counter=1), citizen(1)
    ticket = centres.take_ticket(
        actor=officer, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", service_code="police-clearance",
        person_id=me.person_id, now=timezone.now(),
    )  # fmt: skip
    client.post("/en/desk/counter/next/")
    refused = client.post("/en/desk/counter/assist/", {"ticket": ticket.id}, follow=True)
    assert "Ask the person first" in refused.content.decode()
    told = client.post("/en/desk/counter/assist/", {"ticket": ticket.id, "consent": "by-word"})
    assert told.url == "/en/services/police-clearance/"
    entry = journal.entries_concerning(me.person_id, acts=["identity.person.assisted"])[0]
    assert (entry.actor_account_id, entry.facts["consent"]) == (officer.account_id, "by-word")
    assert client.post("/en/desk/assist/stop/").url == "/en/desk/counter/"
    assert Ticket.objects.get().state == "serving"


def test_the_paper_of_a_day_without_a_system(client, always_open, at_desk):
    at_desk()
    assert client.get("/en/desk/reception/paper/").status_code == 200
    printed = client.post("/en/desk/reception/paper/blocks/")
    sheet = client.get(printed.url).content.decode()
    assert "P001" in sheet
    assert "P060" in sheet
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    rows = {
        "day": yesterday, "number-0": "1", "service-0": "police-clearance", "arrived-0": "8.05", "served-0": "08:10",
        "ended-0": "08:20", "number-1": "2", "arrived-1": "nine",
    }  # fmt: skip
    answer = client.post("/en/desk/reception/paper/", rows)
    assert answer.status_code == 422
    assert "Number 2: write numbers like P012 and times like 09:40" in answer.content.decode()
    assert 'value="nine"' in answer.content.decode()
    assert Ticket.objects.get().number == "P001"
    assert client.post("/en/desk/reception/paper/", {**rows, "number-1": ""}).status_code == 302  # twice the same
    again = client.post("/en/desk/reception/paper/", {**rows, "number-1": "", "arrived-0": "8.06"})
    assert "This number was entered already" in again.content.decode()


def test_a_ticket_of_the_system_stands_on_the_paper_with_its_number(client, always_open, at_desk):
    officer = at_desk()
    came = timezone.localtime().replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=1)
    centres.take_ticket(actor=officer, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", now=came)
    rows = {"day": came.date().isoformat(), "number-0": "a 001", "served-0": "8.10", "ended-0": "08:20"}
    wrong = client.post(
        "/en/desk/reception/paper/", {**rows, "number-1": "A009", "ended-1": "08:30", "number-2": "A001"}
    )
    assert wrong.status_code == 422
    page = wrong.content.decode()
    assert "Number A009: no ticket of that day has it." in page
    assert "Number A001: write numbers" in page  # without an end there is nothing to enter
    assert 'value="a 001"' not in page
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.serving_at, ticket.ended_at) == (
        "done", came + timedelta(minutes=10), came + timedelta(minutes=20),
    )  # fmt: skip


def test_the_manager_sees_the_day_and_changes_the_centre(client, always_open, at_desk, clerk):
    colleague = clerk("amani", 2)
    at_desk("mkuu", role="supervisor")
    centres.take_ticket(
        actor=colleague,
        centre_code="HC01",
        ticket_id=ids.uuid7(),
        source="reception",
        now=timezone.now() - timedelta(minutes=1),
    )
    wall = client.get("/en/desk/wall/").content.decode()
    assert "amani Mfano" in wall
    client.post("/en/desk/centres/settings/", {"what": "rules", "wait_standard_minutes": "25"})
    client.post(
        "/en/desk/centres/settings/", {"what": "counter", "number": "9", "desks": ["photo", "cashier"], "long": "on"}
    )
    always_open.refresh_from_db()
    assert always_open.wait_standard_minutes == 25
    assert always_open.counters.get(number=9).desks == ["photo", "cashier"]
    closure = {"what": "closure", "starts": "2027-03-01T08:00", "reason_en": "Painting", "reason_sw": "Kupaka rangi"}
    assert client.post("/en/desk/centres/settings/", {**closure, "ends": "soon"}).status_code == 422
    assert client.post("/en/desk/centres/settings/", {**closure, "ends": "2027-03-01T07:00"}).status_code == 422
    client.post("/en/desk/centres/settings/", {**closure, "ends": "2027-03-01T17:00"})
    assert Closure.objects.get().starts_at.isoformat() == "2027-03-01T05:00:00+00:00"
    away = {
        "what": "absence",
        "account": str(colleague.account_id),
        "starts": "2027-03-02T08:00",
        "ends": "2027-03-02T17:00",
    }
    assert client.post("/en/desk/centres/settings/", away).status_code == 302
    assert "Huduma Centre Mfano" in client.get("/en/desk/centres/").content.decode()
    assert "<svg" not in client.get("/en/desk/reception/door/").content.decode()


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_manager_says_what_a_centre_is_like(client, always_open, at_desk, language):
    at_desk("mkuu", role="supervisor")
    page = f"/{language}/desk/centres/settings/"

    def save(what, **form):
        return client.post(page, {"what": what, **form})

    week = {f"usual-{n}": "8:00-13:00, 14:00-17:00" if n < 5 else "" for n in range(7)}
    assert save("hours", **week).status_code == 302
    always_open.refresh_from_db()
    assert always_open.hours == [[["08:00", "13:00"], ["14:00", "17:00"]]] * 5 + [[], []]
    assert always_open.long_hours is None
    assert 'value="08:00-13:00, 14:00-17:00"' in client.get(page).content.decode()
    for wrong in ("08:00", "17:00-08:00"):
        refused = save("hours", **{**week, "usual-2": wrong})
        assert refused.status_code == 422
        assert f'name="usual-2" value="{wrong}"' in refused.content.decode()
    save("offering", service="police-clearance", weekdays=["0", "3"], journey=["cashier", "triage"])
    offering = always_open.offerings.get()
    assert (offering.weekdays, offering.journey) == ([0, 3], ["triage", "cashier"])
    assert ("Monday, Thursday" if language == "en" else "Jumatatu, Alhamisi") in client.get(page).content.decode()
    assert save("offering", service="police-clearance", weekdays=["x"]).status_code == 422
    save("drop", service="police-clearance")
    assert not always_open.offerings.exists()
    save("credits", **{"credit-elderly": "45", "credit-pregnant": "30"})
    save("access", **{"access-lift": "no", "access-step_free": "yes", "access-parking": ""})
    always_open.refresh_from_db()
    assert always_open.credit_minutes == {"elderly": 45}
    assert always_open.accessibility == {"lift": False, "step_free": True}
    assert save("credits", **{"credit-elderly": "many"}).status_code == 422
    assert save("counter", number="0", desks=["service"]).status_code == 422
    assert save("elsewhere").status_code == 404
    day = timezone.localdate() + timedelta(days=30)
    save("closure", starts=f"{day}T08:00", ends=f"{day}T17:00", reason_en="Painting", reason_sw="Kupaka rangi")
    closure = Closure.objects.get()
    assert str(closure.id) in client.get(page).content.decode()
    save("reopen", closure=str(closure.id))
    assert not Closure.objects.exists()
    assert save("reopen", closure="x").status_code == 422


def test_the_qr_at_the_door_leads_to_a_ticket(client, always_open, at_desk, settings):
    at_desk()
    page = client.get("/en/desk/reception/door/").content.decode()
    assert 'src="data:image/svg+xml' in page
    client.logout()
    for name in ("door", "kiosk"):
        address = re.search(rf"{settings.PUBLIC_URL}(/en/display/HC01/{name}/\w+/)", page)[1]
        assert 'name="fresh"' in client.get(address).content.decode()


def test_officers_of_other_places_are_refused(client, always_open, at_desk):
    at_desk("mgeni", posted=False)
    for page in ("wall/", "reception/", "shelf/", "reception/door/", "reception/paper/", "centres/settings/"):
        assert client.get(f"/en/desk/{page}?centre=HC01").status_code == 403, page
    assert client.get("/en/desk/counter/").status_code == 403


def test_the_shelf(client, always_open, at_desk, citizen, now):
    officer, me = at_desk(), citizen(1)
    assert client.post("/en/desk/shelf/", {"reference": "HA 0000"}).status_code == 422
    document = centres.receive_document(
        actor=officer, centre_code="HC01", person_id=me.person_id, title={"en": "ID card", "sw": "kitambulisho"},
        body_code="DCI", shelf="B 12", now=now,
    )  # fmt: skip
    assert "B 12" in client.get("/en/desk/shelf/").content.decode()
    holder = Person.objects.get(id=me.person_id)
    assert client.get("/en/desk/shelf/find/", {"reference": "HA 0000"}).url.startswith("/en/desk/shelf/")
    found = client.get("/en/desk/shelf/find/", {"reference": holder.id_number})
    assert found.url == client.get("/en/desk/shelf/find/", {"reference": document.reference}).url
    other = centres.receive_document(
        actor=officer, centre_code="HC01", person_id=me.person_id, title={"en": "passport", "sw": "pasipoti"},
        body_code="DCI", shelf="C 1", now=now,
    )  # fmt: skip
    both = client.get("/en/desk/shelf/find/", {"reference": holder.id_number}).content.decode()
    assert "C 1" in both
    assert "B 12" in both
    Collectable.objects.filter(id=other.id).delete()
    assert found.url.endswith(f"/shelf/{document.id}/")
    page = client.post(found.url, {"do": "collect", "by": "holder"})
    assert page.status_code == 422
    assert "Choose by what the person proved" in page.content.decode()
    client.post(found.url, {"do": "collect", "by": "agent", "proof": "letter", "collector": "Juma Mfano"})
    assert Collectable.objects.get().collector_name == "Juma Mfano"


def test_a_long_shelf_has_pages_and_goes_back_by_the_page(
    client, always_open, at_desk, citizen, django_assert_max_num_queries
):
    at_desk("mkuu", role="supervisor")
    me, long_ago = citizen(1), timezone.now() - timedelta(days=200)
    rows = [
        Collectable(
            reference=references.mint("HC"), person_id=me.person_id, title={"en": "ID card", "sw": "kitambulisho"},
            body_code="DCI", centre_id="HC01", shelf=f"S{n:03}", received_at=long_ago + timedelta(minutes=n),
        )
        for n in range(101)
    ]  # fmt: skip
    Collectable.objects.bulk_create(rows)
    with django_assert_max_num_queries(14):
        page = client.get("/en/desk/shelf/").content.decode()
    assert "180 days or more: 101" in page
    assert "S100" not in page
    following = re.search(r'href="(\?centre=HC01&amp;only=&amp;after=[^"]+)"', page)[1].replace("&amp;", "&")
    assert "S100" in client.get(f"/en/desk/shelf/{following}").content.decode()
    assert "Send them back" not in page
    old = client.get("/en/desk/shelf/?only=180").content.decode()
    assert "Send them back: 100" in old
    asked = re.findall(r'name="document" value="([^"]+)"', old)
    done = client.post("/en/desk/shelf/back/", {"document": [*asked, "x"], "centre": "HC01"}, follow=True)
    assert "Sent back: 100." in done.content.decode()
    assert Collectable.objects.filter(state="ready").count() == 1
    assert "Nothing waits here" in client.get("/en/desk/shelf/?only=send&after=x").content.decode()


def test_the_places_of_an_officer(client, always_open, at_desk):
    officer = at_desk()
    assert workforce.places_of(officer) == ["HC01"]

"""A centre's page, booking a visit, the link in a reminder, the calendar, and a document to collect."""

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from icalendar import Calendar

from huduma.contexts.centres import public as centres
from huduma.contexts.centres.models import Appointment, Centre, Waiter
from huduma.contexts.identity.models import Account
from huduma.contexts.places.models import Constituency, County
from huduma.foundation import ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(client, citizen):
    """The browser of a citizen who is signed in; returns the actor that they are."""
    actor = citizen(1)
    client.force_login(Account.objects.get(id=actor.account_id))
    return actor


def choose(client, page="/en/centres/HC01/book/?services=police-clearance"):
    """Return the free times of the first day."""
    return re.findall(r'name="at" value="([^"]+)"', client.get(page).content.decode())


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_centre_says_what_is_known_and_what_is_not(client, always_open, language, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        page = client.get(f"/{language}/centres/HC01/").content.decode()
    assert ("Open now" if language == "en" else "Kimefunguliwa sasa") in page
    assert ("Nothing is known yet of steps" if language == "en" else "Hakuna kinachojulikana bado") in page
    always_open.accessibility, always_open.status = {"step_free": True, "lift": False}, "planned"
    always_open.save()
    page = client.get("/en/centres/HC01/").content.decode()
    assert "Entrance without steps" in page
    assert "No lift" in page
    assert "does not work yet" in page
    assert "Book an appointment" not in page


def test_booking_needs_a_sign_in_a_service_and_a_free_time(client, always_open, me):
    client.logout()
    assert client.get("/en/centres/HC01/book/").status_code == 302
    client.force_login(Account.objects.get(id=me.account_id))
    assert "Choose at least one service" in client.get("/en/centres/HC01/book/?services=").content.decode()
    times = choose(client)
    told = client.post("/en/centres/HC01/book/", {"services": "police-clearance", "at": times[0]})
    visit = Appointment.objects.get()
    assert told.url == f"/en/appointments/{visit.id}/"
    again = client.post("/en/centres/HC01/book/", {"services": "police-clearance", "at": "yesterday"})
    assert again.status_code == 422
    assert "this time is taken" in again.content.decode()
    assert times[0] not in choose(client)
    assert f"/en/appointments/{visit.id}/" in client.get("/en/appointments/").content.decode()


def test_a_stranger_gets_no_page(client, always_open, me, citizen):
    client.post("/en/centres/HC01/book/", {"services": "police-clearance", "at": choose(client)[0]})
    visit = Appointment.objects.get()
    client.force_login(Account.objects.get(id=citizen(2).account_id))
    assert client.get(f"/en/appointments/{visit.id}/").status_code == 404
    assert client.get(f"/en/appointments/{visit.id}/huduma.ics").status_code == 404
    assert client.get(f"/en/v/{visit.reference}/{'0' * 16}/").status_code == 404


def test_the_link_confirms_moves_and_cancels_without_signing_in(client, always_open, me, settings):
    client.post("/en/centres/HC01/book/", {"services": "police-clearance", "at": choose(client)[0]})
    visit = Appointment.objects.get()
    client.logout()
    link = centres.link_of(visit, "en").removeprefix(settings.PUBLIC_URL)
    page = client.get(link).content.decode()
    assert "Yes, I will come" in page
    client.get(link)  # looking changes nothing: mail programs open links by themselves
    assert Appointment.objects.get().confirmed_at is None
    client.post(link, {"do": "confirm"})
    assert Appointment.objects.get().confirmed_at is not None
    times = re.findall(r'name="at" value="([^"]+)"', client.get(link).content.decode())
    client.post(link, {"do": "move", "at": times[-1]})
    assert Appointment.objects.get().starts_at == datetime.fromisoformat(times[-1])
    client.post(link, {"do": "cancel"})
    assert Appointment.objects.get().state == "cancelled"
    assert "Cancelled" in client.get(link).content.decode()


@pytest.mark.parametrize("language", ["en", "sw"])
def test_old_links_and_other_tabs_say_what_can_still_be_done(client, always_open, me, language, settings):
    client.post("/en/centres/HC01/book/", {"services": "police-clearance", "at": choose(client)[0]})
    visit = Appointment.objects.get()
    client.logout()
    link = centres.link_of(visit, language).removeprefix(settings.PUBLIC_URL)
    says = {
        "yes": ("Yes, I will come", "Ndiyo, nitakuja"), "cancel": ("Cancel the appointment", "Ghairi miadi"),
        "move": ("Move it to this time", "Hamishia wakati huu"), "again": ("Book a new time", "Weka wakati mpya"),
        "instead": ("Look at that time", "Angalia wakati huo"),
    }  # fmt: skip

    def offered(**facts):
        Appointment.objects.filter(id=visit.id).update(**facts)
        page = client.get(link).content.decode()
        return {name for name, words in says.items() if words[language == "sw"] in page}

    assert offered() == {"yes", "cancel", "move"}
    assert client.post(link, {"do": "anything"}).status_code == 422  # no button says that
    assert offered(confirmed_at=timezone.now()) == {"cancel", "move"}
    hour = timedelta(hours=1)
    past = {"starts_at": timezone.now() - 2 * hour, "ends_at": timezone.now() - hour}
    assert offered(**past, confirmed_at=None) == set()
    late = client.post(link, {"do": "confirm"})
    assert late.status_code == 422
    assert 'role="alert"' in late.content.decode()
    assert offered(state="missed") == offered(state="cancelled") == {"again"}
    assert offered(state="attended") == set()
    assert offered(state="displaced") == {"cancel", "move"}
    kept = Appointment.objects.get(id=visit.id)
    kept.id, kept.reference, kept.replaces, kept.state = ids.uuid7(), "HV00000000X", visit, "booked"
    kept.starts_at, kept.ends_at = timezone.now() + hour, timezone.now() + 2 * hour
    kept.save(force_insert=True)
    assert offered() == {"cancel", "instead"}
    there = re.search(r'href="(/[^"]+/v/HV00000000X/[^"]+)"', client.get(link).content.decode())[1]
    assert client.get(there).status_code == 200
    assert (
        offered(starts_at=timezone.now() - timedelta(days=31), ends_at=timezone.now() - timedelta(days=31) + hour)
        == set()
    )
    assert client.get(link).status_code == 404


def test_the_calendar_file_and_feed_carry_the_time_zone(client, always_open, me):
    client.post("/en/centres/HC01/book/", {"services": "police-clearance", "at": choose(client)[0]})
    visit = Appointment.objects.get()
    feed = re.search(r"/en/calendar/[\w-]+\.ics", client.get("/en/appointments/").content.decode())[0]
    for address in (f"/en/appointments/{visit.id}/huduma.ics", feed):
        answer = client.get(address)
        assert answer["Content-Type"].startswith("text/calendar")
        calendar = Calendar.from_ical(answer.content)
        assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Africa/Nairobi"]
        event = calendar.walk("VEVENT")[0]
        assert event["DTSTART"].params["TZID"] == "Africa/Nairobi"
        assert event.start == visit.starts_at
    page = client.post("/en/appointments/calendar/", follow=True).content.decode()
    anew = re.search(r"/en/calendar/[\w-]+\.ics", page)[0]
    client.logout()
    assert [client.get(one).status_code for one in (anew, feed, anew.replace(".ics", "0.ics"))] == [200, 404, 404]
    assert client.post("/en/appointments/calendar/").url.startswith("/en/sign-in/")


def test_when_all_is_taken_one_asks_to_be_told(client, always_open, me, citizen):
    always_open.most_notice_days = 0
    always_open.save()
    assert "Everything is taken" in client.get("/en/centres/HC01/book/?services=police-clearance").content.decode()
    client.post("/en/centres/HC01/book/", {"services": "police-clearance", "join": "1"})
    waiter = Waiter.objects.get()
    assert "Wait no longer" in client.get("/en/appointments/").content.decode()
    client.post(f"/en/appointments/list/{waiter.id}/leave/")
    assert Waiter.objects.get().state == "left"


def in_order(page, *words):
    text = page.content.decode()
    places = [text.index(one) for one in words]
    return places == sorted(places)


def test_one_tap_sends_a_document_to_a_nearer_centre(client, always_open, me, clerk, now, settings):
    Centre.objects.create(code="HC02", name="Huduma Centre Karibu", status="operational", latitude=-1.0, longitude=37.0)
    document = centres.receive_document(
        actor=clerk("neema"), centre_code="HC01", person_id=me.person_id, title={"en": "ID card", "sw": "kitambulisho"},
        body_code="DCI", shelf="B 1", now=now,
    )  # fmt: skip
    assert "ID card" in client.get("/en/appointments/").content.decode()
    client.logout()
    link = centres.collect_link(document, "en").removeprefix(settings.PUBLIC_URL)
    assert "Huduma Centre Karibu" in client.get(link).content.decode()
    assert client.post(link, {"to": "NOWHERE"}).status_code == 422
    Centre.objects.create(code="HC03", name="Huduma Centre Pwani", status="operational", latitude=-4.0, longitude=39.7)
    assert in_order(client.get(link), "Huduma Centre Karibu", "Huduma Centre Pwani")
    coast = Constituency.objects.create(
        code="001",
        name="Mfano",
        county=County.objects.create(code="01", name="Mfano"),
        facts={"lat": "-4.05", "lon": "39.65"},
    )
    there = client.get(link, {"near": coast.code})  # the document lies inland, who collects it does not
    assert in_order(there, "From the middle of Mfano", "Huduma Centre Pwani", "Huduma Centre Karibu")
    client.post(link, {"to": "HC02"})
    document.refresh_from_db()
    assert document.bound_for_id == "HC02"
    assert "It will be sent to" in client.get(link).content.decode()


def test_where_lists_the_centres_of_a_service(client, always_open):
    assert "Huduma Centre Mfano" in client.get("/en/services/police-clearance/where/").content.decode()
    assert client.get("/en/services/nothing/where/").status_code == 404

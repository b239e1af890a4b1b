"""A day at a centre, in several browsers at once: a citizen books, is reminded, arrives, waits, is called and served by a
clerk, and collects; the display in the hall shows and speaks it; a manager sees the day. In both languages, without mouse at
the counter, and without an axe violation."""

import re
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from huduma.channels.display.tests.test_screens import stream  # noqa: F401 -- the real process
from huduma.contexts.centres import public as centres
from huduma.contexts.centres import tasks
from huduma.contexts.centres.models import Appointment, Centre, Collectable, ServiceTime, Ticket
from huduma.contexts.identity.models import Account
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.browser
WORDS = {
    "en": {"book": "Book this time", "come": "Yes, I will come", "take": "Take a ticket", "turn": "It is your turn", "done": "Finished"},
    "sw": {"book": "Weka wakati huu", "come": "Ndiyo, nitakuja", "take": "Chukua tiketi", "turn": "Ni zamu yako", "done": "Tayari"},
}  # fmt: skip


@pytest.fixture
def signed_in(browser, portal):
    """Opens a browser of somebody who is signed in; staff as after the second factor."""
    opened = []

    def make(actor=None, staff=False, width=1280):
        context = browser.new_context(viewport={"width": width, "height": 800})
        opened.append(context)
        if actor is not None:
            client = Client()
            account = Account.objects.get(id=actor.account_id)
            client.force_login(account)
            if staff:
                session = client.session
                session["second_factor"] = str(account.pk)
                session.save()
            cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": portal}])
        return context.new_page()

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def gpo(portal, settings):
    """Huduma Centre Nairobi GPO with two counters, open now whatever the clock says."""
    settings.PUBLIC_URL = portal
    now = timezone.now()
    for number in (1, 2):
        centres.set_counter(actor=SYSTEM, centre_code="HC01", number=number, desks=["service"], now=now)
    centres.set_offering(actor=SYSTEM, centre_code="HC01", service_code="police-clearance", now=now)
    centre = Centre.objects.get(code="HC01")
    centre.hours, centre.long_hours, centre.least_notice_minutes = [[["00:00", "23:59"]]] * 7, None, 0
    centre.save()
    ServiceTime.objects.create(  # an hour each, so that a day has two dozen times to choose from
        centre=centre, service_code="police-clearance", quarter_seconds=3600, median_seconds=3600,
        three_quarter_seconds=3600, seen=20, learned_at=now,
    )  # fmt: skip
    from huduma.foundation.worktime.models import SpecialDay

    for n in range(15):
        SpecialDay.objects.create(date=timezone.localdate() + timedelta(days=n), is_working=True, reason="test")
    return centre


@pytest.fixture
def clerk_of(gpo):
    """Makes an officer who is posted to the centre."""
    from huduma.contexts.identity import public as identity

    def make(name, role="officer"):
        now = timezone.now()
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name}@example.org", password="correct-horse-battery", first_name=name.title(),
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code="DCI", now=now)
        workforce.post_staff(
            actor=SYSTEM, account_id=account.id, place_code="HC01", from_on=timezone.localdate(), now=now
        )
        return identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)

    return make


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_day_at_the_centre(
    portal, gpo, stream, citizen, clerk_of, signed_in, sandbox, drain_jobs, sound, shoot, settings, language  # noqa: F811
):  # fmt: skip
    say, at = WORDS[language], f"{portal}/{language}"
    shots = shoot if language == "en" else lambda *_: None
    settings.STREAM_URL = stream
    me = citizen(700000)

    phone = signed_in(me, width=390)  # the citizen books
    phone.goto(f"{at}/centres/HC01/")
    sound(phone)
    shots(phone, "centre")
    phone.goto(f"{at}/centres/HC01/book/?services=police-clearance")
    phone.locator("nav a").last.click()
    sound(phone)
    shots(phone, "book")
    phone.locator("input[name=at]").nth(3).check()
    phone.get_by_role("button", name=say["book"]).click()
    phone.get_by_role("button", name=say["come"]).wait_for()
    sound(phone)

    visit = Appointment.objects.get()  # the days go by: the reminder comes
    Appointment.objects.update(
        booked_at=timezone.now() - timedelta(days=5), starts_at=timezone.now() + timedelta(hours=20),
        ends_at=timezone.now() + timedelta(hours=21),
    )  # fmt: skip
    tasks.remind.func.__wrapped__(0)
    drain_jobs()
    texts = [sms["text"] for sms in sandbox.get("/phone/api/0700700000").json()["sms"]]
    link = re.search(r"http://\S+/v/\S+", texts[-1])[0]
    stranger = signed_in(width=390)
    stranger.goto(link)
    stranger.locator("button[value=confirm]").click()
    stranger.locator("[role=status]").wait_for()
    sound(stranger)

    Appointment.objects.update(starts_at=timezone.now(), ends_at=timezone.now() + timedelta(minutes=10))
    display = signed_in()  # the hall, with a display; the citizen arrives at the kiosk
    display.clock.install()
    display.goto(f"{at}/display/HC01/")
    sound(display)
    display.evaluate("() => { window.said = []; speechSynthesis.speak = (u) => said.push([u.lang, u.text]); }")
    display.locator("#sound").click()
    kiosk = signed_in(width=768)
    kiosk.goto(f"{at}/display/HC01/kiosk/{centres.door_key('HC01')}/")
    sound(kiosk)
    shots(kiosk, "kiosk")
    kiosk.locator("#reference").fill(visit.reference)
    kiosk.get_by_role("button", name=say["take"]).click()
    kiosk.locator(".ticket").wait_for()
    sound(kiosk)
    ticket = Ticket.objects.get()
    phone.clock.install()
    phone.goto(f"{at}/display/ticket/{ticket.id}/")
    sound(phone)

    officer = clerk_of("neema")
    desk = signed_in(officer, staff=True)  # the clerk works by keyboard alone
    desk.goto(f"{at}/desk/counter/")
    sound(desk)
    desk.locator("button[name=counter]").first.press("Enter")
    desk.locator("[data-key=n]").wait_for()
    sound(desk)
    called_at = desk.evaluate("Date.now()")
    desk.keyboard.press("n")
    desk.locator(".ticket").wait_for()
    display.locator("tbody tr", has_text=ticket.number).wait_for()
    shown_at = display.evaluate("Number(document.body.dataset.shownAt)")
    assert shown_at - called_at < 10_000  # it was told: asking would have come later
    spoken = display.evaluate("said")
    assert [lang for lang, _ in spoken] == ["sw-KE", "en-KE"]
    assert "sifuri sifuri moja" in spoken[0][1]
    assert "zero zero one" in spoken[1][1]
    shots(display, "display")
    sound(desk)
    shots(desk, "counter")
    phone.clock.fast_forward(20_000)
    phone.get_by_text(say["turn"]).wait_for()  # the page looks for itself
    display.context.set_offline(True)  # the hall loses its network, and comes back by itself
    display.context.set_offline(False)
    desk.keyboard.press("s")
    desk.locator("[data-key=f]").wait_for()
    desk.locator("#consent").select_option("by-word")
    desk.locator("form[action*=assist] button").click()
    desk.locator("form[action*=stop] button").wait_for()  # in the citizen's place, and it says so
    desk.locator("form[action*=stop] button").click()
    desk.locator("[data-key=f]").wait_for()
    desk.keyboard.press("f")
    desk.locator("[data-key=n]").wait_for()
    assert Appointment.objects.get().state == "attended"

    second = centres.take_ticket(
        actor=officer, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", now=timezone.now()
    )
    desk.keyboard.press("n")
    display.locator("tbody tr", has_text=second.number).wait_for()
    with display.expect_request("**/stream/HC01"):  # a line on which nothing is said any more is opened anew
        display.clock.fast_forward(41_000)

    wall = signed_in(clerk_of("mkuu", role="supervisor"), staff=True)  # the manager sees the day
    for name in ("wall", "centres/settings", "reception", "reception/paper", "reception/door", "shelf"):
        wall.goto(f"{at}/desk/{name}/")
        sound(wall)
    wall.goto(f"{at}/desk/reception/paper/")
    wall.locator("form[action*=blocks] button").click()
    wall.locator(".slips").wait_for()
    sound(wall)
    shots(wall, "paper")
    wall.goto(f"{at}/desk/wall/")
    shots(wall, "wall")
    came = timezone.now() - timedelta(weeks=1)  # last week the same many came: the manager plans the next one
    day = (timezone.localtime(came) + timedelta(weeks=2)).date()
    for n in range(9):
        Ticket.objects.create(
            centre=gpo, day=timezone.localdate(came), number=f"Z{n}", service_code="police-clearance", source="kiosk",
            state="done", rank_at=came, arrived_at=came, waiting_since=came, ended_at=came,
        )  # fmt: skip
    wall.goto(f"{at}/desk/plan/?day={day}&what=if&counters=-1&percent=150")
    wall.get_by_role("table").wait_for()
    sound(wall)
    shots(wall, "plan")
    wall.clock.install()
    wall.locator("#week").fill(day.isoformat())
    wall.locator("form[action*=rosters] button").click()
    wall.locator("#live [role=status]").wait_for()
    sound(wall)
    drain_jobs()
    wall.clock.fast_forward(20_000)
    wall.locator("#live table").first.wait_for()  # the page looks for itself
    sound(wall)
    shots(wall, "roster")
    wall.locator("button[value=publish]").click()
    wall.locator("a[href*='/cancel/']").first.click()
    wall.locator("#why, [name=why]").first.wait_for()
    sound(wall)

    document = centres.receive_document(  # weeks later the document came, and is collected
        actor=officer, centre_code="HC01", person_id=me.person_id,
        title={"en": "certificate", "sw": "cheti"}, body_code="DCI", shelf="B 12", now=timezone.now(),
    )  # fmt: skip
    drain_jobs()
    texts = [sms["text"] for sms in sandbox.get("/phone/api/0700700000").json()["sms"]]
    stranger.goto(re.search(r"http://\S+/d/\S+", texts[-1])[0])
    sound(stranger)
    shots(stranger, "collect")
    wall.goto(f"{at}/desk/shelf/{document.id}/")
    sound(wall)
    wall.locator("#p-id-card").check()
    wall.locator("button[value=collect]").click()
    wall.locator("[role=status]").wait_for()
    sound(wall)
    assert Collectable.objects.get().state == "collected"
    phone.goto(f"{at}/appointments/")
    sound(phone)

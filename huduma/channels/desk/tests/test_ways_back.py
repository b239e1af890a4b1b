"""What was typed into a form that could not be taken: it waits for who typed it, and for nobody else."""

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM
from huduma.foundation.ui import ways_back

pytestmark = pytest.mark.django_db
WORDS = 'We "mended"\n<b>the line</b> & wrote.'
SHOWN = "We &quot;mended&quot;\n&lt;b&gt;the line&lt;/b&gt; &amp; wrote.</textarea>"
HERE = "What you had typed is still here"


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def page(now):
    places.load_places(actor=SYSTEM)
    matter = contact.open_matter(
        actor=ANONYMOUS, kind="complaint", text="Nobody answers.", language="en", phone="0700 000 009",
        body_code="CRS", now=now,
    )  # fmt: skip
    return f"/en/desk/matters/{matter.id}/"


@pytest.fixture
def enter(browser, staff, enter_desk):
    """Signs an agent in at the browser, and shows a first page to them."""

    def sign_in(account):
        browser.cookies.pop("csrftoken", None)  # a sign-in changes the token
        enter_desk(browser, account)
        browser.get("/en/desk/matters/")
        return browser.cookies["csrftoken"].value

    return sign_in


def send(browser, page, token, **typed):
    form = {"csrfmiddlewaretoken": token, "outcome": "upheld", "text": WORDS} | typed
    return browser.post(f"{page}answer/", form, headers={"Referer": f"http://testserver{page}?x=1"})


def end_session(browser):
    del browser.cookies[settings.SESSION_COOKIE_NAME]


def text(browser, page):
    return browser.get(page).content.decode().replace('"mended"', "&quot;mended&quot;")


def test_who_typed_it_finds_it_after_the_sign_in(browser, staff, enter, page):
    asha = staff("Asha", role="agent", body=None)
    token = enter(asha)
    end_session(browser)
    answer = send(browser, page, token)
    assert answer.headers["Location"].startswith("/en/desk/sign-in/?next=%2Fen%2Fdesk%2Fmatters%2F")
    assert answer.headers["Location"].endswith("%2F%3Fx%3D1")
    assert b"what you typed is kept" in browser.get(answer.headers["Location"]).content
    enter(asha)
    shown = text(browser, page)
    assert HERE in shown
    assert SHOWN in shown
    assert 'value="upheld" selected' in shown or 'value="upheld" checked' in shown
    assert Matter.objects.get().state == "open"
    assert HERE not in text(browser, page)  # once


def test_nobody_else_finds_it(browser, staff, enter, page):
    asha, juma = (staff(name, role="agent", body=None) for name in ("Asha", "Juma"))
    token = enter(asha)
    end_session(browser)
    send(browser, page, token)
    assert all("mended" not in str(one.get_decoded()) for one in Session.objects.all())
    enter(juma)
    assert "mended" not in text(browser, page)
    enter(asha)  # what another met is gone
    assert "mended" not in text(browser, page)


def test_a_page_from_before_the_last_sign_in_is_shown_anew_to_the_same_person_only(browser, staff, enter, page):
    asha, juma = (staff(name, role="agent", body=None) for name in ("Asha", "Juma"))
    old, new = enter(asha), enter(asha)
    assert old != new
    assert send(browser, page, old).headers["Location"] == f"{page}?x=1"
    assert HERE in text(browser, page)
    enter(juma)
    assert send(browser, page, new).status_code == 403
    assert "mended" not in text(browser, page)


@pytest.mark.parametrize("token", ["", "x" * 64, "é" * 64, "x" * 32])
def test_a_form_of_another_site_is_kept_by_nobody(browser, staff, enter, page, token):
    enter(staff("Asha", role="agent", body=None))
    assert send(browser, page, token).status_code == 403
    assert "mended" not in text(browser, page)
    browser.cookies[ways_back.COOKIE] = "forged"
    assert send(browser, page, token).status_code == 403


def test_secrets_are_not_kept_nor_what_is_endless_or_old(browser, staff, enter, page, monkeypatch):
    asha = staff("Asha", role="agent", body=None)
    token = enter(asha)
    end_session(browser)
    send(browser, page, token, text="x" * 100_001)
    assert ways_back.UNSENT not in browser.session
    send(browser, page, token, password="hidden", new_pin="1234", code="654321")
    kept = browser.session[ways_back.UNSENT]
    assert set(ways_back.json.loads(ways_back.sealing.unseal(kept["typed"], ways_back.UNSENT))) == {"outcome", "text"}
    monkeypatch.setattr(ways_back, "LIFE_SECONDS", -1)
    send(browser, page, token)
    enter(asha)
    assert "mended" not in text(browser, page)
    assert ways_back.UNSENT not in browser.session

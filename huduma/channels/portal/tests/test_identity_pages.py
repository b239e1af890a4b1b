"""Signing in by code and proving an identity, over HTTP and against the real stand-ins."""

import logging
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import SignInCode
from huduma.contexts.identity.operations import codes
from huduma.foundation.access import ANONYMOUS

pytestmark = pytest.mark.django_db
PHONE = "0700000002"


@pytest.fixture
def ask(sandbox, client, drain_jobs):
    """Ask for a code and read it on the sandbox phone."""

    def read(phone=PHONE, **data):
        client.post("/en/sign-in/", {"phone": phone, **data})
        drain_jobs()
        return re.search(r"\b\d{6}\b", sandbox.get(f"/phone/api/{phone}").json()["sms"][-1]["text"])[0]

    return read


def answer(client, code):
    return client.post("/en/sign-in/code/", {"code": code})


def test_a_phone_and_its_code_open_an_account_and_then_the_same_one(client, ask):
    assert answer(client, ask()).headers["Location"] == "/en/account/"
    first = client.session["_auth_user_id"]
    client.post("/en/sign-out/")
    answer(client, ask())
    assert client.session["_auth_user_id"] == first


def test_the_session_changes_its_key_at_sign_in(client, ask):
    code = ask()
    before = client.session.session_key
    answer(client, code)
    assert client.session.session_key != before


def test_a_code_is_right_once_and_only_the_newest(client, ask):
    old = ask()
    new = ask()
    if old != new:
        assert answer(client, old).status_code == 422
    assert answer(client, new).status_code == 302
    with pytest.raises(identity.WrongCode):
        identity.sign_in_by_code(actor=ANONYMOUS, phone="+254700000002", code=new, language="en", now=timezone.now())


def test_five_wrong_tries_void_a_code(client, ask):
    code = ask()
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert answer(client, wrong).status_code == 422
    for late in (code, wrong):
        refused = answer(client, late)
        assert refused.status_code == 422
        assert "Too many tries were made" in refused.content.decode()


def test_a_code_expires(now):
    code = identity.issue_code(phone="+254700000002", address="a", now=now)
    late = now + timedelta(minutes=5, seconds=1)
    with pytest.raises(identity.WrongCode):
        identity.sign_in_by_code(actor=ANONYMOUS, phone="+254700000002", code=code, language="en", now=late)


def test_codes_are_limited_for_a_phone_and_for_an_address(now, monkeypatch):
    monkeypatch.setattr(codes, "CODES_PER_ADDRESS", 30)
    for _ in range(5):
        identity.issue_code(phone="+254700000002", address="a", now=now)
    with pytest.raises(identity.TooManyCodes):
        identity.issue_code(phone="+254700000002", address="a", now=now)
    for place in range(10):  # a stranger's tries elsewhere do not shut the owner out
        identity.issue_code(phone="+254700000002", address=f"b{place}", now=now)
    with pytest.raises(identity.TooManyCodes):
        identity.issue_code(phone="+254700000002", address="c", now=now)
    for number in range(25):
        identity.issue_code(phone=f"+2547000001{number:02d}", address="a", now=now)
    with pytest.raises(identity.TooManyCodes):
        identity.issue_code(phone="+254700000300", address="a", now=now)


def test_a_stranger_elsewhere_neither_shuts_the_owner_out_nor_voids_their_code(now):
    phone, later = "+254700000002", now + timedelta(seconds=1)
    for _ in range(5):
        identity.issue_code(phone=phone, address="stranger", now=now)
    code = identity.issue_code(phone=phone, address="owner", now=now)
    with pytest.raises(identity.TooManyCodes):
        identity.issue_code(phone=phone, address="stranger", now=later)
    unwanted = identity.issue_code(phone=phone, address="another", now=later)
    signed_in = {"actor": ANONYMOUS, "phone": phone, "language": "en", "now": later}
    assert identity.sign_in_by_code(code=code, **signed_in).phone == phone
    for used in (code, unwanted):
        with pytest.raises(identity.WrongCode):
            identity.sign_in_by_code(code=used, **signed_in)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "198.51.100.7", "127.0.0.1"),
        (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.7, 203.0.113.9, 192.0.2.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_our_own_proxies_are_believed(client, settings, proxies, forwarded, counted):
    settings.TRUSTED_PROXIES = proxies
    client.post("/en/sign-in/", {"phone": "0700 000 002"}, headers={"X-Forwarded-For": forwarded})
    assert SignInCode.objects.get().address == counted


def test_codes_are_never_logged_or_kept_in_the_clear(client, ask, caplog):
    caplog.set_level(logging.DEBUG)
    code = ask()
    assert not [r for r in caplog.records if r.name.startswith("huduma") and code in r.getMessage()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM identity_signincode WHERE digest LIKE %s", [f"%{code}%"])
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT text FROM notices_message")
        assert cursor.fetchall() == [("",)]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_sign_in(client, ask, target):
    assert answer(client, ask(next=target)).headers["Location"] == "/en/account/"


def test_one_comes_back_to_the_page_one_came_from(client, ask):
    assert client.get("/en/account/identity/").headers["Location"] == "/en/sign-in/?next=/en/account/identity/"
    assert answer(client, ask(next="/en/account/identity/")).headers["Location"] == "/en/account/identity/"


@pytest.mark.parametrize("typed", ["", "hello", "123"])
def test_what_is_no_phone_is_said_beside_the_field(client, typed):
    page = client.post("/en/sign-in/", {"phone": typed})
    assert page.status_code == 422
    assert 'href="#phone"' in page.content.decode()


def test_a_landline_gets_no_code(client):
    page = client.post("/en/sign-in/", {"phone": "020 690 0020"})
    assert page.status_code == 422
    assert "No text message reaches this number" in page.content.decode()


def test_proof_by_the_card_shows_the_registers_name(client, ask):
    answer(client, ask())
    client.post("/en/account/identity/", {"id_number": "90000002", "serial_number": "200000002"})
    page = client.get("/en/account/").content.decode()
    assert "Asha Wanjiru Mfano" in page
    assert "30 September 1992" in page


@pytest.mark.parametrize(
    ("number", "serial", "says"),
    [("90000002", "200000009", "no record"), ("abc", "200000002", "6 to 9 digits"), ("90000002", "?", "6 to 12")],
)
def test_a_refused_proof_says_why_and_keeps_what_was_typed(client, ask, number, serial, says):
    answer(client, ask())
    page = client.post("/en/account/identity/", {"id_number": number, "serial_number": serial})
    assert page.status_code == 422
    assert says in page.content.decode()
    assert f'value="{number}"' in page.content.decode()


def test_a_register_that_is_down_is_said(client, ask, sandbox):
    answer(client, ask())
    sandbox.post("/_control/iprs", json={"fault": "down", "times": 3})
    page = client.post("/en/account/identity/", {"id_number": "90000003", "serial_number": "200000003"})
    assert "does not answer at the moment" in page.content.decode()

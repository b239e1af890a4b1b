"""How staff come in: password, then a code; and how they serve somebody at the counter."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client

from huduma.contexts.applications import public as applications
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.management.commands.demo_accounts import PASSWORD, _secret
from huduma.contexts.identity.models import Person
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db
OFFICER = "officer@crs.example"


@pytest.fixture(autouse=True)
def _demo():
    cache.clear()
    places.load_places(actor=SYSTEM)
    call_command("demo_accounts", verbosity=0)


@pytest.fixture
def new_officer(now):
    """An officer who was given an account and a role, and has no second factor yet."""
    account = identity.open_staff_account(
        actor=SYSTEM, email="new@crs.example", password=PASSWORD, first_name="Mgeni", surname="Mfano", now=now
    )
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="officer", body_code="CRS", now=now)
    return account


def password(client, email=OFFICER, password=PASSWORD, **rest):
    return client.post("/en/desk/sign-in/", {"login": email, "password": password, **rest})


def factor(client, text):
    return client.post("/en/desk/sign-in/code/", {"code": text})


def test_password_then_code_opens_the_desk(client, totp_code):
    assert password(client, next="/en/desk/assist/").url == "/en/desk/sign-in/code/"
    assert client.get("/en/desk/").url.startswith("/en/desk/sign-in/")
    assert factor(client, totp_code(_secret(OFFICER))).url == "/en/desk/assist/"
    assert client.get("/en/desk/").status_code == 200
    account = identity.Account.objects.get(email=OFFICER)
    assert journal.entries_concerning(account.id, acts=["identity.account.signed_in"])[0].facts["by"] == "password+totp"
    client.post("/en/desk/sign-out/")
    assert client.get("/en/desk/").status_code == 302


def test_wrong_password_unknown_address_and_citizens_get_the_same_answer(client):
    identity.open_account(
        actor=ANONYMOUS, phone="+254700000002", language="en", now=identity.Account.objects.first().created_at
    )
    answers = [
        password(client, password="wrong-password-here"),
        password(client, email="nobody@crs.example"),
        password(client, email="0700000002"),
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert all("do not belong together" in answer.content.decode() for answer in answers)


def test_a_code_opens_once(client, totp_code):
    text = totp_code(_secret(OFFICER))
    password(client)
    assert factor(client, text).status_code == 302
    other = Client()
    password(other)
    again = factor(other, text)
    assert again.status_code == 422
    assert "used already" in again.content.decode()
    assert other.get("/en/desk/").status_code == 302


def test_a_clock_may_be_half_a_minute_wrong_and_a_code_still_opens_once(client, totp_code):
    for ahead, status in ((-2, 422), (2, 422), (-1, 302), (1, 302)):
        password(client)
        assert factor(client, totp_code(_secret(OFFICER), ahead)).status_code == status
        client.post("/en/desk/sign-out/")
    cache.delete_many(_kept_by_the_library(totp_code))  # after half a minute it has forgotten them
    for ahead in (-1, 1):
        password(client)
        assert factor(client, totp_code(_secret(OFFICER), ahead)).status_code == 422


def _kept_by_the_library(totp_code):
    account = identity.Account.objects.get(email=OFFICER)
    return [f"allauth.mfa.totp.used?user={account.pk}&code={totp_code(_secret(OFFICER), n)}" for n in (-1, 0, 1)]


def test_the_code_that_binds_the_app_is_used_up_too(client, totp_code, new_officer):
    password(client, email="new@crs.example")
    secret = re.search(r'<p class="big">\s*(\w+)', client.get("/en/desk/sign-in/code/").content.decode())[1]
    assert factor(client, totp_code(secret)).status_code == 200
    client.post("/en/desk/sign-out/")
    password(client, email="new@crs.example")
    assert factor(client, totp_code(secret)).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_instant_one_comes_in(totp_code):
    browsers, text = [Client(), Client()], totp_code(_secret(OFFICER))
    for browser in browsers:
        password(browser)
    together = Barrier(2)

    def enter(browser):
        together.wait()
        try:
            return factor(browser, text).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(enter, browsers)) == [302, 422]


def test_guessing_is_slow(client):
    for _ in range(6):
        last = password(client, password="wrong-password-here")
    assert "Too many tries" in last.content.decode()
    assert "Too many tries" in password(client).content.decode()


def test_guessing_codes_is_slow_too(client):
    password(client)
    for _ in range(6):
        last = factor(client, "000000")
    assert "Too many tries" in last.content.decode()


def test_who_has_no_second_factor_binds_one_before_anything_opens(client, totp_code, new_officer):
    password(client, email="new@crs.example")
    shown = client.get("/en/desk/sign-in/code/")
    secret = shown.context["secret"]
    assert "data:image/svg+xml" in shown.content.decode()
    kept = factor(client, totp_code(secret))
    assert len(kept.context["codes"]) == 10
    assert client.get("/en/desk/").status_code == 200
    assert secret not in str(Authenticator.objects.get(user=new_officer, type="totp").data)
    phone_lost = Client()
    password(phone_lost, email="new@crs.example")
    assert factor(phone_lost, kept.context["codes"][0]).status_code == 302
    assert phone_lost.get("/en/desk/").status_code == 200
    by = [e.facts["by"] for e in journal.entries_concerning(new_officer.id, acts=["identity.account.signed_in"])]
    assert sorted(by) == ["password+recovery-code", "password+totp"]
    thief = Client()
    password(thief, email="new@crs.example")
    assert factor(thief, kept.context["codes"][0]).status_code == 422


def test_before_the_password_no_key_is_shown(client, new_officer):
    assert client.get("/en/desk/sign-in/code/").url == "/en/desk/sign-in/"
    password(client, email="new@crs.example", password="wrong-password-here")
    assert client.get("/en/desk/sign-in/code/").url == "/en/desk/sign-in/"


def test_the_second_step_is_waited_for_ten_minutes(client):
    password(client)
    session = client.session
    session["staff_sign_in"] = {**session["staff_sign_in"], "until": 0}
    session.save()
    assert client.get("/en/desk/sign-in/code/").url == "/en/desk/sign-in/"


def test_the_password_alone_or_the_phone_alone_opens_no_desk(client, now):
    password(client)
    assert client.get("/en/desk/").url == "/en/desk/sign-in/?next=%2Fen%2Fdesk%2F"
    officer = identity.Account.objects.get(email=OFFICER)
    client.force_login(officer)  # as by a code on the phone
    assert client.get("/en/desk/assist/").url == "/en/desk/sign-in/?next=%2Fen%2Fdesk%2Fassist%2F"
    assert client.post("/en/desk/assist/", {"first_name": "Bibi", "consent": "by-word"}).status_code == 302
    assert not Person.objects.filter(first_name="Bibi").exists()


def test_a_citizen_is_refused_and_shown_the_way_for_staff(client, now):
    citizen = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=now)
    client.force_login(citizen)
    refused = client.get("/en/desk/")
    assert refused.status_code == 403
    assert 'href="/en/desk/sign-in/"' in refused.content.decode()
    assert client.get("/en/desk/sign-in/").status_code == 200


def test_who_lost_the_role_is_refused_with_the_second_factor_too(client, enter_desk):
    officer = identity.Account.objects.get(email=OFFICER)
    enter_desk(client, officer)
    assert client.get("/en/desk/").status_code == 200
    officer.grants.update(from_on="2026-01-01", to_on="2026-01-02")
    assert client.get("/en/desk/").status_code == 403
    refused = journal.entries_concerning(officer.person_id, acts=["access.refused"])
    assert [e.facts["path"] for e in refused] == ["/en/desk/"]


def test_the_page_names_the_officer(client, enter_desk):
    enter_desk(client, identity.Account.objects.get(email=OFFICER))
    assert "Afisa Usajili" in client.get("/en/desk/").content.decode()


@pytest.mark.parametrize(
    "address", ["accounts/signup/", "accounts/login/", "signup/", "accounts/2fa/", "accounts/password/reset/"]
)
def test_no_page_of_the_library_lets_anybody_sign_up(client, address):
    assert client.get(f"/en/{address}").status_code == 404
    assert client.get(f"/{address}", follow=True).status_code == 404


def test_many_addresses_from_one_place_are_slowed_too(client):
    for number in range(11):
        last = password(client, email=f"nobody{number}@crs.example")
    assert "Too many tries" in last.content.decode()


def test_a_flood_does_not_make_the_cache_forget_used_codes(client, totp_code):
    text = totp_code(_secret(OFFICER))
    password(client)
    factor(client, text)
    for number in range(310):
        cache.set(f"zz{number}", 1, 60)
    other = Client()
    password(other)
    assert factor(other, text).status_code == 422


def test_demo_accounts_again_change_nothing():
    before = Authenticator.objects.count(), identity.Account.objects.count()
    call_command("demo_accounts", verbosity=0)
    assert (Authenticator.objects.count(), identity.Account.objects.count()) == before


def test_a_session_without_second_factor_holds_no_role(client):
    account = identity.Account.objects.get(email=OFFICER)
    client.force_login(account)
    assert client.get("/en/desk/").url.startswith("/en/desk/sign-in/")
    assert identity.actor_for(account, channel="desk", purpose="casework").grants == frozenset()


def test_the_door_leads_nowhere_else(client, totp_code):
    password(client, next="https://elsewhere.example/")
    assert factor(client, totp_code(_secret(OFFICER))).url == "/en/desk/"


def test_demo_accounts_exist_in_the_sandbox_only(settings):
    settings.SANDBOX = False
    with pytest.raises(CommandError):
        call_command("demo_accounts")


def test_an_officer_serves_a_person_without_phone_or_id(client, enter_desk):
    enter_desk(client, identity.Account.objects.get(email=OFFICER))
    assert client.get("/en/desk/assist/").status_code == 200
    refused = client.post("/en/desk/assist/", {"first_name": "", "day": "31", "month": "2", "year": "1950"})
    assert set(refused.context["errors"]) == {"first_name", "day", "consent"}
    begun = client.post("/en/desk/assist/", {"first_name": "Bibi", "surname": "Mfano", "consent": "by-word"})
    assert begun.url == "/en/search/"
    assert "Bibi Mfano" in client.get("/en/search/").content.decode()
    person = Person.objects.get(first_name="Bibi")
    from django.conf import settings as django_settings

    from huduma.contexts.catalogue import public as catalogue

    catalogue.load_packages(
        actor=SYSTEM, path=django_settings.SERVICES_DIR / "police-clearance", now=person.registered_at
    )
    client.post("/en/services/police-clearance/apply/")
    assert applications.Application.objects.get().person_id == person.id
    assert applications.Application.objects.get().channel == "desk"
    client.post("/en/desk/assist/stop/")
    assert client.get(f"/en/applications/{applications.Application.objects.get().id}/").status_code == 404


def test_only_officers_assist(client, enter_desk):
    enter_desk(client, identity.Account.objects.get(email="secretariat@huduma.example"))
    assert client.get("/en/desk/assist/").status_code == 403


def test_an_id_number_under_another_name_is_asked_about(client, enter_desk):
    enter_desk(client, identity.Account.objects.get(email=OFFICER))
    person = {"first_name": "Bibi", "surname": "Mfano", "id_number": "90000005", "consent": "by-word"}
    client.post("/en/desk/assist/", person)
    client.post("/en/desk/assist/stop/")
    page = client.post("/en/desk/assist/", {**person, "first_name": "Juma", "surname": "Otieno"})
    assert page.status_code == 422
    assert 'href="#id_number"' in page.content.decode()
    assert "assisting" not in client.session


def test_a_form_sent_after_the_session_ended_is_said_to_be_lost_and_leads_back_to_its_page(client, totp_code):
    case = "/en/desk/cases/01900000-0000-7000-8000-000000000000/"
    sent = client.post(f"{case}decision/", {"outcome": "approve"}, follow=True)
    assert "what you sent was not recorded" in sent.content.decode()
    password(client, next=f"{case}decision/")
    assert factor(client, totp_code(_secret(OFFICER))).url == f"{case}decision/"
    assert client.get(f"{case}decision/").url == case

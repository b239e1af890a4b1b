"""How staff come in: password, then a code; and how they serve somebody at the counter."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
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


def password(client, email=OFFICER, password=PASSWORD, **rest):
    return client.post("/en/desk/sign-in/", {"login": email, "password": password, **rest})


def code(secret, step=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def factor(client, text):
    return client.post("/en/desk/sign-in/code/", {"code": text})


def test_password_then_code_opens_the_desk(client):
    assert password(client, next="/en/desk/assist/").url == "/en/desk/sign-in/code/"
    assert client.get("/en/desk/").url.startswith("/en/desk/sign-in/")
    assert factor(client, code(_secret(OFFICER))).url == "/en/desk/assist/"
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


def test_a_code_opens_once(client):
    text = code(_secret(OFFICER))
    password(client)
    assert factor(client, text).status_code == 302
    other = Client()
    password(other)
    again = factor(other, text)
    assert again.status_code == 422
    assert "used already" in again.content.decode()
    assert other.get("/en/desk/").status_code == 302


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


def test_who_has_no_second_factor_binds_one_before_anything_opens(client, now):
    account = identity.open_staff_account(
        actor=SYSTEM, email="new@crs.example", password=PASSWORD, first_name="Mgeni", surname="Mfano", now=now
    )
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="officer", body_code="CRS", now=now)
    password(client, email="new@crs.example")
    shown = client.get("/en/desk/sign-in/code/")
    secret = shown.context["secret"]
    assert "data:image/svg+xml" in shown.content.decode()
    kept = factor(client, code(secret))
    assert len(kept.context["codes"]) == 10
    assert client.get("/en/desk/").status_code == 200
    from allauth.mfa.models import Authenticator

    assert secret not in str(Authenticator.objects.get(user=account, type="totp").data)
    phone_lost = Client()
    password(phone_lost, email="new@crs.example")
    assert factor(phone_lost, kept.context["codes"][0]).status_code == 302
    assert phone_lost.get("/en/desk/").status_code == 200


def test_a_session_without_second_factor_holds_no_role(client):
    account = identity.Account.objects.get(email=OFFICER)
    client.force_login(account)
    assert client.get("/en/desk/").url.startswith("/en/desk/sign-in/")
    assert identity.actor_for(account, channel="desk", purpose="casework").grants == frozenset()


def test_the_door_leads_nowhere_else(client):
    password(client, next="https://elsewhere.example/")
    assert factor(client, code(_secret(OFFICER))).url == "/en/desk/"


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

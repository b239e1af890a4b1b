"""The citizen's own pages: contact, businesses, and going on by hand while the register is down."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from huduma.contexts.applications.models import Application
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Mandate, Person
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.django_db
CONTACT, CODE, BUSINESSES = "/en/account/contact/", "/en/account/contact/code/", "/en/account/organisations/"
PROVE, BY_HAND = "/en/account/identity/", "/en/account/identity/by-hand/"
NAMES = {"first_name": "Asha", "surname": "Mfano", "day": "30", "month": "9", "year": "1992"}


@pytest.fixture
def account(client):
    """A citizen who is signed in."""
    own = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=timezone.now())
    client.force_login(own)
    return own


@pytest.fixture
def proven(account):
    """The same, and known."""
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=timezone.now())
    account.refresh_from_db()
    return account


@pytest.fixture
def works(client, proven):
    """A business that the citizen registered on the page."""
    business = {"name": "Mfano Works", "registration_number": "BN-0001", "kind": "company"}
    assert client.post(BUSINESSES, business).url == BUSINESSES
    return identity.list_organisations_for(
        identity.actor_for(proven, channel="portal", purpose="self-service")
    )[0]  # fmt: skip


@pytest.fixture
def letters(sandbox, drain_jobs, settings):
    """The e-mails that came over SMTP, oldest first."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    def read():
        drain_jobs()
        return sandbox.get("/_control/mail").json()

    return read


@pytest.mark.parametrize("page", [CONTACT, CODE, BUSINESSES, BY_HAND, "/en/account/"])
def test_strangers_sign_in_first_and_come_back(client, page):
    assert client.get(page).url == f"/en/sign-in/?next={page}"


def test_a_language_is_kept(client, account):
    assert client.post(CONTACT, {"language": "sw", "email": ""}).url == "/en/account/"
    account.refresh_from_db()
    assert account.language == "sw"
    client.post(CONTACT, {"language": "fr", "email": ""})
    account.refresh_from_db()
    assert account.language == "sw"


def test_an_address_counts_after_its_code(client, account, letters):
    assert client.post(CONTACT, {"language": "en", "email": "asha@example.org"}).url == CODE
    letter = letters()[-1]
    assert letter["recipient"] == "asha@example.org"
    code = re.search(r"\b\d{6}\b", letter["text"])[0]
    account.refresh_from_db()
    assert account.email is None
    refused = client.post(CODE, {"code": "000000" if code != "000000" else "111111"})
    assert refused.status_code == 422
    assert 'href="#code"' in refused.content.decode()
    assert client.post(CODE, {"code": f" {code} "}).url == "/en/account/"
    account.refresh_from_db()
    assert account.email == "asha@example.org"
    assert account.email_verified_at is not None
    assert client.get(CODE).url == CONTACT
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM notices_message")
        assert cursor.fetchall() == [("",)]
    client.post(CONTACT, {"language": "en", "email": ""})
    account.refresh_from_db()
    assert (account.email, account.email_verified_at) == (None, None)


def test_no_address_and_too_many_codes_are_said_beside_the_field(client, account):
    page = client.post(CONTACT, {"email": "asha at example"})
    assert page.status_code == 422
    assert 'value="asha at example"' in page.content.decode()
    for _ in range(5):
        assert client.post(CONTACT, {"email": "asha@example.org"}).status_code == 302
    assert "Too many codes" in client.post(CONTACT, {"email": "asha@example.org"}).content.decode()


def test_an_address_of_another_account_is_refused_with_words(client, account, letters):
    other = identity.open_account(actor=ANONYMOUS, phone="+254700000003", language="en", now=timezone.now())
    identity.change_contact(
        actor=identity.actor_for(other, channel="portal", purpose="self-service"),
        verified_email="asha@example.org", now=timezone.now(),
    )  # fmt: skip
    client.post(CONTACT, {"email": "asha@example.org"})
    code = re.search(r"\b\d{6}\b", letters()[-1]["text"])[0]
    assert "belongs to another account" in client.post(CODE, {"code": code}).content.decode()


def test_who_is_unknown_proves_it_before_adding_a_business(client, account):
    assert client.get(BUSINESSES).url == PROVE


def test_a_business_is_added_and_acted_for(client, works):
    assert "Mfano Works" in client.get(BUSINESSES).content.decode()
    assert client.post(f"{BUSINESSES}act/", {"organisation": works.id}).url == "/en/applications/"
    for page in ("/en/", "/en/account/", "/en/search/", BUSINESSES):
        assert "You are acting for" in client.get(page).content.decode()
    assert "Unawakilisha" in client.get("/sw/").content.decode()
    client.post(f"{BUSINESSES}stop/")
    assert "You are acting for" not in client.get("/en/").content.decode()


def test_what_is_wrong_with_a_business_is_said(client, proven):
    page = client.post(BUSINESSES, {"name": "", "registration_number": "?", "kind": "bank"})
    assert set(page.context["errors"]) == {"name", "registration_number", "kind"}


def test_nobody_acts_for_a_strangers_business(client, works):
    other = identity.open_account(actor=ANONYMOUS, phone="+254700000003", language="en", now=timezone.now())
    client.force_login(other)
    assert client.post(f"{BUSINESSES}act/", {"organisation": works.id}).status_code == 404
    assert client.post(f"{BUSINESSES}act/", {"organisation": "x"}).status_code == 404
    session = client.session
    session["on_behalf_of"] = str(works.id)
    session.save()
    assert "You are acting for" not in client.get("/en/").content.decode()


def test_acting_ends_with_the_mandate_and_with_the_session(client, works):
    client.post(f"{BUSINESSES}act/", {"organisation": works.id})
    Mandate.objects.update(from_on="2026-01-01", to_on="2026-01-02")
    assert "You are acting for" not in client.get("/en/").content.decode()
    Mandate.objects.update(to_on=None)
    assert "You are acting for" in client.get("/en/").content.decode()
    client.post("/en/sign-out/")
    assert "on_behalf_of" not in client.session


def test_applying_while_acting_is_for_the_business(client, works):
    places.load_places(actor=SYSTEM)
    for code in ("police-clearance", "county-sbp"):
        catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / code, now=timezone.now())
    client.post(BUSINESSES, {"name": "Mfano Shop", "registration_number": "BN-0002", "kind": "company"})
    client.post(f"{BUSINESSES}act/", {"organisation": works.id})
    refused = client.get("/en/services/police-clearance/apply/")
    assert refused.status_code == 409
    assert "Stop acting for it first" in refused.content.decode()
    assert client.post("/en/services/police-clearance/apply/").status_code == 409
    page = client.get("/en/services/county-sbp/apply/").content.decode()
    assert "Mfano Works" in page
    assert "Mfano Shop" not in page
    client.post("/en/services/county-sbp/apply/")
    draft = Application.objects.get()
    assert draft.organisation_id == works.id
    assert f"/en/applications/{draft.id}/" in client.get("/en/applications/").content.decode()
    client.post(f"{BUSINESSES}stop/")
    client.post("/en/services/police-clearance/apply/")
    assert Application.objects.get(organisation_id=None).person_id == draft.person_id


def test_by_hand_is_offered_only_while_the_register_is_down(client, account, sandbox):
    assert client.get(BY_HAND).url == PROVE
    assert client.post(BY_HAND, NAMES).url == PROVE
    assert not Person.objects.exists()
    sandbox.post("/_control/iprs", json={"fault": "down", "times": 3})
    page = client.post(PROVE, {"id_number": "90000002", "serial_number": "200000002"})
    assert f'href="{BY_HAND}"' in page.content.decode()
    wrong = client.post(BY_HAND, {**NAMES, "first_name": "", "month": "13"})
    assert set(wrong.context["errors"]) == {"first_name", "day"}
    assert client.post(BY_HAND, {**NAMES, "year": "1799"}).status_code == 422
    assert client.post(BY_HAND, NAMES).url == "/en/account/"
    person = Person.objects.get()
    assert (person.verified_by, person.verified_at, person.full_name) == ("by-hand", None, "Asha Mfano")
    page = client.get("/en/account/").content.decode()
    assert "typed by hand" in page
    assert f'href="{PROVE}"' in page


def test_the_register_confirms_later(client, account, sandbox):
    sandbox.post("/_control/iprs", json={"fault": "down", "times": 3})
    client.post(PROVE, {"id_number": "90000002", "serial_number": "200000002"})
    client.post(BY_HAND, {**NAMES, "first_name": "Aisha"})
    sandbox.post("/_control/reset")
    client.post(PROVE, {"id_number": "90000002", "serial_number": "200000002"})
    page = client.get("/en/account/").content.decode()
    assert "Asha Wanjiru Mfano" in page
    assert "typed by hand" not in page


def test_a_register_that_answers_again_takes_the_offer_back(client, account, sandbox):
    sandbox.post("/_control/iprs", json={"fault": "down", "times": 3})
    client.post(PROVE, {"id_number": "90000002", "serial_number": "200000002"})
    sandbox.post("/_control/reset")
    client.post(PROVE, {"id_number": "90000002", "serial_number": "200000009"})
    assert client.get(BY_HAND).url == PROVE


def test_one_sees_that_one_was_served_at_a_counter(client, proven, officer_actor):
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex=""
    )
    identity.register_assisted_person(
        actor=officer_actor("CRS"), facts=facts, phone="", consent="by-word", now=timezone.now()
    )
    assert "An officer served you at a counter" in client.get("/en/account/").content.decode()

"""Applying over HTTP: what is typed is never lost, what is tampered with has no effect, strangers find nothing."""

import re

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from huduma.channels.portal.applications import STATUSES
from huduma.contexts.applications import rules
from huduma.contexts.applications.models import Application
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment
from huduma.contexts.payments.operations import fail
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM
from tests.pictures import png as picture

pytestmark = pytest.mark.django_db
HOUSEHOLD = settings.BASE_DIR / "huduma/contexts/applications/tests/packages/household-card"
PNG = picture()


@pytest.fixture(autouse=True)
def _services():
    cache.clear()
    places.load_places(actor=SYSTEM)
    for code in ("police-clearance", "county-sbp", "birth-cert-current"):
        catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / code, now=timezone.now())


@pytest.fixture
def citizen(client):
    """Signs a proven citizen in; returns the account."""

    def enter(number=2, browser=client, proven=True):
        now = timezone.now()
        account = identity.open_account(actor=ANONYMOUS, phone=f"+2547000000{number:02}", language="en", now=now)
        if proven and account.person_id is None:
            facts = identity.IdentityFacts(
                id_number=f"900000{number:02}",
                surname="Mfano",
                first_name="Asha",
                other_names="",
                birth_date=None,
                sex="F",
            )
            actor = identity.actor_for(account, channel="portal", purpose="self-service")
            identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
        browser.force_login(identity.Account.objects.get(id=account.id))
        return account

    return enter


@pytest.fixture
def draft(client, citizen):
    """A draft of a police clearance, and the address of one of its pages."""
    citizen()
    client.post("/en/services/police-clearance/apply/")
    found = Application.objects.get()
    return found, lambda page: f"/en/applications/{found.id}/pages/{page}/"


def send(client, draft, **files):
    found, at = draft
    client.post(at("purpose"), {"purpose": "work", "go": "on"})
    client.post(at("visit"), {"county": "047", "agreed": "on", "go": "on"})
    client.post(at("photo"), {"photo": SimpleUploadedFile("me.png", PNG), "go": "on"})
    answer = client.post(f"/en/applications/{found.id}/check/")
    found.refresh_from_db()
    return answer


def test_from_the_charter_to_the_bill(client, draft):
    answer = send(client, draft)
    found, _ = draft
    assert answer.url == f"/en/applications/{found.id}/?sent=1"
    shown = client.get(answer.url).content.decode()
    assert "Your application is sent" in shown
    assert "KSh 1,050.00" in shown
    assert client.post(f"/en/applications/{found.id}/check/").url == f"/en/applications/{found.id}/"
    assert Application.objects.count() == 1
    assert client.get(f"/en/a/{found.reference}/").url == f"/en/applications/{found.id}/"
    assert "Linasubiri malipo" in client.get("/sw/applications/").content.decode()


def test_who_one_is_comes_first_and_then_the_service(client, citizen):
    assert client.get("/en/services/police-clearance/apply/").url.startswith("/en/sign-in/?next=")
    citizen(3, proven=False)
    assert client.get("/en/services/police-clearance/apply/").url == "/en/account/identity/"


def test_mistakes_are_named_beside_their_question_and_nothing_is_lost(client, draft):
    _, at = draft
    answer = client.post(at("purpose"), {"purpose": "bribe", "country": "Rwanda", "go": "on"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'href="#purpose"' in text
    assert 'id="purpose-error"' in text
    assert 'value="Rwanda"' in text
    assert 'value="Rwanda"' in client.get(at("purpose")).content.decode()


def test_autosave_keeps_half_an_answer(client, draft):
    found, at = draft
    assert client.post(at("purpose"), {"country": "Rwa", "autosave": "1"}).status_code == 204
    found.refresh_from_db()
    assert found.answers == {"country": "Rwa"}


def test_the_language_changes_and_the_answer_stays(client, draft):
    _, at = draft
    answer = client.post(at("purpose"), {"country": "Rwanda", "switch_language": "sw"})
    assert answer.url == at("purpose").replace("/en/", "/sw/")
    assert 'value="Rwanda"' in client.get(answer.url).content.decode()
    assert client.post(at("purpose"), {"switch_language": "//elsewhere.example"}).url.startswith("/")


def test_a_session_that_ends_while_typing_loses_nothing(client, draft, citizen):
    _, at = draft
    client.get(at("purpose"))
    typed = {"country": "Rwanda", "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    del client.cookies[settings.SESSION_COOKIE_NAME]
    assert client.post(at("purpose"), typed | {"autosave": "1"}).status_code == 401
    assert client.post(at("purpose"), typed | {"go": "on"}).url.startswith("/en/sign-in/")
    citizen()
    shown = client.get(at("purpose")).content.decode()
    assert 'value="Rwanda"' in shown
    assert "still here" in shown


def test_a_disguised_and_an_oversize_file_are_refused_with_a_reason(client, draft):
    found, at = draft
    program = SimpleUploadedFile("me.png", b"MZ\x90\x00 a program", content_type="image/png")
    answer = client.post(at("photo"), {"photo": program, "go": "on"})
    assert "Choose a file of a kind that is named beside" in answer.content.decode()
    assert "JPEG or PNG, up to 5 MB each" in answer.content.decode()
    large = SimpleUploadedFile("me.png", PNG + b"0" * 6_000_000, content_type="image/png")
    assert "too large" in client.post(at("photo"), {"photo": large, "go": "on"}).content.decode()
    assert found.uploads.count() == 0


@pytest.mark.parametrize(("language", "words"), [("en", "one at a time"), ("sw", "moja moja")])
def test_a_request_beyond_all_files_is_refused_before_it_is_read(client, draft, language, words):
    address = draft[1]("photo").replace("/en/", f"/{language}/")
    answer = client.generic(
        "POST", address, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(10**9)
    )
    assert answer.status_code == 413
    assert words in answer.content.decode()
    assert client.generic("POST", address, b"", CONTENT_LENGTH="-1").status_code == 413


def test_files_are_shown_and_taken_back(client, draft):
    found, at = draft
    client.post(at("photo"), {"photo": SimpleUploadedFile("me.png", PNG), "go": "later"})
    upload = found.uploads.get()
    got = client.get(f"/en/files/{upload.id}/")
    assert (got.content, got.headers["Content-Type"]) == (PNG, "image/png")
    assert got.headers["Content-Disposition"].startswith("attachment")
    client.post(f"{at('photo')}remove/", {"upload": str(upload.id)})
    assert found.uploads.count() == 0


def test_another_citizen_gets_404_everywhere(client, draft, citizen):
    send(client, draft)
    found, at = draft
    (bill,) = payments.bills_for_payable(found.id)
    upload = found.uploads.get()
    citizen(8)
    for address in (
        f"/en/applications/{found.id}/", f"/en/applications/{found.id}/check/", at("purpose"), f"/en/a/{found.reference}/",
        f"/en/applications/{found.id}/withdraw/", f"/en/bills/{bill.id}/", f"/en/bills/{bill.id}/receipt/", f"/en/files/{upload.id}/",
    ):  # fmt: skip
        assert client.get(address).status_code == 404, address
    assert client.post(at("purpose"), {"purpose": "work"}).status_code == 404
    assert client.post(f"/en/applications/{found.id}/withdraw/").status_code == 404


def test_paying_failing_and_paying_again(client, draft):
    send(client, draft)
    found, _ = draft
    (bill,) = payments.bills_for_payable(found.id)
    page = f"/en/bills/{bill.id}/"
    assert "0700 000 002" in client.get(page).content.decode()
    assert client.post(page, {"phone": "12"}).status_code == 422
    for _ in range(2):
        assert client.post(page, {"phone": "0700000002"}).url == page
    payment = Payment.objects.get()
    waiting = client.get(page).content.decode()
    assert "Look at your phone" in waiting
    assert 'http-equiv="refresh"' in waiting
    fail(payment_id=payment.id, reason="balance", now=timezone.now())
    assert "not enough money" in client.get(page).content.decode()
    assert client.get(f"{page}receipt/").url == page


def test_a_complaint_about_an_application_stays_with_it(client, draft, citizen):
    send(client, draft)
    found, _ = draft
    page = f"/en/applications/{found.id}/"
    client.post(f"/en/help/new/complaint/?about={found.id}", {"text": "Nobody answers.", "about": str(found.id)})
    assert "Nobody answers." in client.get(page).content.decode()
    stranger = Client()
    citizen(8, stranger)
    typed = {"text": "Tell me about it.", "about": str(found.id)}
    stranger.post(f"/en/help/new/complaint/?about={found.id}", typed)
    assert "Tell me about it." not in client.get(page).content.decode(), "a stranger's words are not attached to it"


def test_tracking_shows_the_status_only(client, draft):
    send(client, draft)
    found, _ = draft
    client.logout()
    shown = client.post("/en/track/", {"reference": found.reference.lower(), "phone": "0700000002"}).content.decode()
    assert "Waits for payment" in shown
    assert "Asha" not in shown
    wrong = client.post("/en/track/", {"reference": found.reference, "phone": "0700000003"})
    assert wrong.status_code == 422
    for _ in range(12):
        last = client.post("/en/track/", {"reference": found.reference, "phone": "0700000003"})
    assert "Too many tries" in last.content.decode()
    asked = {"reference": found.reference, "phone": "0700000002"}
    at_home = client.post("/en/track/", asked, REMOTE_ADDR="192.0.2.7").content.decode()
    assert "Waits for payment" in at_home, "a stranger's tries elsewhere do not shut the applicant out"


def test_a_permit_asks_for_the_business_first(client, citizen):
    citizen()
    assert "Add my business" in client.get("/en/services/county-sbp/apply/").content.decode()
    assert (
        client.post("/en/account/organisations/", {"name": "", "registration_number": "?", "kind": "x"}).status_code
        == 422
    )
    added = {"name": "Mfano Works", "registration_number": "BN-1", "kind": "company"}
    assert client.post("/en/account/organisations/", added).url == "/en/account/organisations/"
    assert client.post("/en/services/county-sbp/apply/").status_code == 422
    choice = identity.Organisation.objects.get().id
    assert re.search(
        r"/pages/place/$", client.post("/en/services/county-sbp/apply/", {"organisation": str(choice)}).url
    )


def test_by_hand_only_while_the_register_is_down(client, citizen, sandbox):
    citizen(3, proven=False)
    assert client.get("/en/account/identity/by-hand/").url == "/en/account/identity/"
    sandbox.post("/_control/iprs", json={"fault": "down"}).raise_for_status()
    answer = client.post("/en/account/identity/", {"id_number": "90000003", "serial_number": "200000003"})
    assert "Go on by hand" in answer.content.decode()
    typed = {"first_name": "Neema", "surname": "Jaribio", "day": "5", "month": "1", "year": "1985"}
    assert client.post("/en/account/identity/by-hand/", {**typed, "day": "32"}).status_code == 422
    assert client.post("/en/account/identity/by-hand/", typed).url == "/en/account/"
    assert "typed by hand" in client.get("/en/account/").content.decode()


@pytest.fixture
def household(client, citizen):
    """A draft of the service that has every kind of question, and the address of one of its pages."""
    catalogue.load_packages(actor=SYSTEM, path=HOUSEHOLD, now=timezone.now())
    citizen()
    answer = client.post("/en/services/household-card/apply/")
    found = Application.objects.get()
    assert answer.url == f"/en/applications/{found.id}/pages/household/", "what was filled in beforehand is passed over"
    return found, lambda page: f"/en/applications/{found.id}/pages/{page}/"


def test_an_answer_may_ask_for_one_more_on_the_same_page(client, household):
    _, at = household
    typed = {"has_children": "no", "languages-other": "on", "go": "on"}
    answer = client.post(at("household"), typed)
    assert answer.url == at("household")
    assert "Which other language?" in client.get(answer.url).content.decode()
    assert client.post(at("household"), {**typed, "other_language": "Kikamba"}).url == at("others")


def test_who_pays_nothing_reads_so(client, household):
    found, _ = household
    assert "this service is free for you" in client.get(f"/en/applications/{found.id}/check/").content.decode()


def test_a_group_grows_entry_by_entry_without_a_script(client, household):
    found, at = household
    client.post(at("household"), {"has_children": "yes", "languages-sw": "on", "go": "on"})
    one = client.post(at("children"), {"add": "children"}).url
    path = one.split("?")[0]
    assert client.post(path, {"child_name": "Pendo", "go": "on"}).status_code == 422
    assert client.post(path, {"child_name": "Pendo", "switch_language": "sw"}).url == path.replace("/en/", "/sw/")
    born = {"born_on-day": "2", "born_on-month": "10", "born_on-year": "2020"}
    assert client.post(path, {"child_name": "Pendo", **born, "go": "on"}).url == at("children")
    shown = client.get(at("children")).content.decode()
    assert "Pendo" in shown
    assert "Add another:" in shown
    entry_id = path.rstrip("/").rsplit("/", 1)[1]
    assert client.post(at("children"), {"go": "on"}).url == at("others")
    assert "2 October 2020" in client.get(f"/en/applications/{found.id}/check/").content.decode()
    client.post(at("children"), {"drop": f"children/{entry_id}"})
    assert client.get(path).status_code == 404


def test_a_change_leads_back_to_the_check_page_by_way_of_what_it_made_incomplete(client, household):
    found, at = household
    client.post(at("household"), {"has_children": "no", "languages-sw": "on", "go": "on"})
    client.post(at("address"), {"postal_address": "Box 7, Embu", "go": "on"})
    client.post(at("papers"), {"papers": SimpleUploadedFile("p.png", PNG), "go": "on"})
    change = {"back": "check", "languages-sw": "on", "go": "on"}
    assert client.post(at("household"), {**change, "has_children": "yes"}).url == f"{at('children')}?back=check"
    assert client.post(at("household"), {**change, "has_children": "no"}).url == f"/en/applications/{found.id}/check/"


def test_each_status_that_a_process_can_give_has_words():
    assert set(rules.STATUSES) <= STATUSES.keys()

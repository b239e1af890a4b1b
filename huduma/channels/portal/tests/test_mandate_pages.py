"""Applying for somebody else, over HTTP: what each side reads and does, and what strangers do not."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from huduma.contexts.applications.models import Application
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account, Representation
from huduma.contexts.places import public as places
from huduma.foundation import links
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.django_db
CODE = "police-clearance"
PEOPLE, CHILD, ASK = "/en/account/people/", "/en/account/people/child/", "/en/account/people/ask/"
APPLY = f"/en/services/{CODE}/apply/"


@pytest.fixture
def enter(db):
    """Signs in a citizen who has proven who they are; returns their browser."""
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / CODE, now=timezone.now())

    def sign_in(number, name):
        now = timezone.now()
        account = identity.open_account(actor=ANONYMOUS, phone=f"+2547000000{number:02}", language="en", now=now)
        facts = identity.IdentityFacts(
            id_number=f"900000{number:02}", surname="Mfano", first_name=name, other_names="", birth_date=None, sex="F"
        )
        actor = identity.actor_for(account, channel="portal", purpose="self-service")
        identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
        client = Client()
        client.force_login(Account.objects.get(id=account.id))
        return client

    return sign_in


def text(answer):
    return answer.content.decode()


def question(**given):
    until = timezone.localdate() + timedelta(days=60)
    typed = {"relation": "parent", "id_number": "90000007", "phone": "0700 000 007", "service": CODE}
    return {**typed, "day": until.day, "month": until.month, "year": until.year, **given}


def test_an_adult_is_asked_says_yes_and_ends_it(enter):
    asha, imani, stranger = enter(2, "Asha"), enter(7, "Imani"), enter(9, "Zuri")
    assert asha.post(ASK, question()).url == PEOPLE
    assert "Waits for an answer" in text(asha.get(PEOPLE))
    row = Representation.objects.get()
    address = f"/en/m/{links.token(identity.REPRESENTATION_LINK, row.id)}/"
    assert "meant for somebody else" in text(stranger.get(address))
    page = text(imani.get(address))
    assert "Asha Mfano" in page
    assert "Their mother or father" in page
    assert "Police clearance certificate" in page
    assert "Mama au baba yake" in text(imani.get(address.replace("/en/", "/sw/")))
    assert imani.post(address, {}).status_code == 422
    assert imani.post(address, {"answer": "yes"}).url == PEOPLE
    assert "answered already" in text(imani.get(address, follow=True))
    assert imani.get("/en/m/nonsense/").status_code == 404

    choose = text(asha.get(APPLY))
    assert "For whom do you apply?" in choose
    assert asha.post(APPLY, {}).status_code == 422
    assert asha.post(APPLY, {"for": str(Account.objects.get(phone="+254700000009").person_id)}).status_code == 422
    began = asha.post(APPLY, {"for": str(row.representative_id)})  # one’s own id is nobody else
    assert began.status_code == 422
    person = Account.objects.get(phone="+254700000007").person_id
    assert asha.post(APPLY, {"for": str(person)}).status_code == 302
    draft = Application.objects.get()
    assert (draft.person_id, draft.representative_id) == (person, row.representative_id)
    assert "For Imani Mfano" in text(asha.get("/en/applications/"))
    assert "Asha Mfano" in text(imani.get(PEOPLE))
    assert f"/en/applications/{draft.id}/" in text(imani.get(PEOPLE))
    end = f"/en/account/people/{row.id}/end/"
    assert stranger.post(end).status_code == 404
    assert imani.post(end).url == PEOPLE
    assert "Imani" not in text(asha.get("/en/applications/"))
    assert asha.get(f"/en/applications/{draft.id}/").status_code == 404
    assert "Maombi kwa niaba ya wengine" in text(imani.get("/sw/account/people/"))


def test_what_is_wrong_in_a_question_is_said_and_kept(enter):
    asha = enter(2, "Asha")
    answer = asha.post(ASK, question(relation="", id_number="x", phone="0200", day="31", month="2", service="nothing"))
    assert answer.status_code == 422
    page = text(answer)
    for words in (
        "Choose who this person is",
        "6 to 9 digits",
        "No text message reaches",
        "last day",
        "Choose a service",
    ):
        assert words in page
    assert 'value="x"' in page
    assert "not more than a year ahead" in text(asha.post(ASK, question(year="2040")))
    assert "your own ID number" in text(asha.post(ASK, question(id_number="90000002")))
    assert not Representation.objects.exists()
    assert "Mama au baba yangu" in text(asha.get(ASK.replace("/en/", "/sw/")))


def test_a_parent_is_named_by_the_record(enter, sandbox):
    asha, stranger = enter(2, "Asha"), enter(8, "Rehema")
    assert "no record" in text(asha.post(CHILD, {"slip": ""}))
    assert "does not name you" in text(stranger.post(CHILD, {"slip": "BN-0001"}))
    assert asha.post(CHILD, {"slip": " bn-0001 "}).url == PEOPLE
    assert "Pendo Asha Mfano" in text(asha.get(APPLY))
    sandbox.post("/_control/crs", json={"fault": "down", "times": 9})
    assert "does not answer" in text(asha.post(CHILD, {"slip": "BN-0002"}))


def test_who_is_not_signed_in_or_not_known_is_sent_there(client, db):
    for address in (PEOPLE, CHILD, ASK, "/en/m/abc/"):
        assert client.get(address).url.startswith("/en/sign-in/")
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000011", language="en", now=timezone.now())
    client.force_login(account)
    assert client.get(PEOPLE).url == "/en/account/identity/"

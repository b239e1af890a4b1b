"""A person who lost their phone number is moved to another one at a counter: the card is checked, and a second person confirms."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.foundation.access import ANONYMOUS, NotFound, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db
CARD = {"id_number": "90000002", "serial_number": "200000002"}
OLD, NEW = "+254700000002", "+254700000003"


@pytest.fixture
def asha(sandbox, now):
    """A citizen who proved who she is, with a confirmed e-mail address."""
    account = identity.open_account(actor=ANONYMOUS, phone=OLD, language="sw", now=now)
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    exchange.prove_identity(actor=actor, now=now, **CARD)
    return identity.change_contact(actor=actor, verified_email="asha@example.org", now=now)


@pytest.fixture
def officer(client, staff, enter_desk):
    account = staff("Msimamizi", role="supervisor")
    enter_desk(client, account)
    return identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)


@pytest.fixture
def colleague(staff, enter_desk):
    """The browser of an officer of another body who sits in the same centre."""
    browser = Client()
    enter_desk(browser, staff("Mwenzake", body="DCI"))
    return browser


def reference_in(answer):
    assert answer.url.startswith("/en/desk/new-number/confirm/?reference=HN")
    return answer.url.partition("=")[2]


@pytest.fixture
def texts(sandbox, drain_jobs):
    """Reads what a phone got."""

    def read(phone):
        drain_jobs()
        return [one["text"] for one in sandbox.get(f"/phone/api/{phone}").json()["sms"]]

    return read


def code_on(texts, phone):
    return re.search(r"\b\d{6}\b", texts(phone)[-1])[0]


def test_the_account_goes_to_the_new_number_and_both_are_told(client, officer, colleague, asha, texts):
    own = Client()
    own.force_login(asha)
    sent = client.post("/en/desk/new-number/", {**CARD, "phone": "0700 000 003"})
    assert sent.url == "/en/desk/new-number/code/"
    assert "Asha Wanjiru Mfano" in client.get(sent.url).content.decode()
    code = code_on(texts, "0700000003")
    wrong = client.post(sent.url, {"code": "000000" if code != "000000" else "111111"})
    assert wrong.status_code == 422
    reference = reference_in(client.post(sent.url, {"code": code}))
    assert "mtu mwenye kitambulisho chako" in texts("0700000002")[-1]
    assert identity.contact_of(asha.person_id).phone == OLD, "nothing changes before a second person"
    page = "/en/desk/new-number/confirm/"
    own_try = client.post(page, {"reference": reference, "do": "confirm"})
    assert "A colleague has to look at the card" in own_try.content.decode()
    shown = colleague.get(f"{page}?reference={reference.lower()}").content.decode()
    assert "Asha Wanjiru Mfano" in shown
    assert "0700 000 003" in shown
    assert colleague.post(page, {"reference": reference, "do": "confirm"}).url == "/en/desk/assist/"
    assert "it was settled" in colleague.post(page, {"reference": reference, "do": "confirm"}).content.decode()

    contact = identity.contact_of(asha.person_id)
    assert (contact.phone, contact.email, contact.language) == (NEW, "asha@example.org", "sw")
    assert "akaunti yako ilihamishiwa" in texts("0700000002")[-1]
    assert "kuanzia sasa utaingia kwa nambari hii" in texts("0700000003")[-1]
    assert "Asha" not in own.get("/en/account/").content.decode()  # the lost phone's session opens nothing of hers
    anew = Client()
    anew.force_login(identity.find_account_by_phone(NEW))
    page = anew.get("/en/account/").content.decode()
    assert "moved your account to another phone number" in page
    assert "to serve you in person" in page
    assert client.post(sent.url, {"code": code}).url == "/en/desk/new-number/"  # a double click


@pytest.mark.parametrize("to", [NEW, "+254700000008"])
def test_of_joined_records_no_number_but_the_new_one_opens_anything(officer, staff, asha, texts, now, to):
    second = identity.open_account(actor=ANONYMOUS, phone="+254700000008", language="en", now=now)
    identity.Account.objects.filter(id=second.id).update(person=asha.person_id)  # as a joining leaves it
    exchange.check_card(actor=officer, now=now, **CARD)
    code = identity.issue_code(phone=to, address="", now=now)
    change = identity.ask_new_number(actor=officer, person_id=asha.person_id, phone=to, code=code, now=now)
    plain = identity.actor_for(staff("Afisa"), channel="desk", purpose="casework", second_factor=True)
    identity.confirm_new_number(actor=plain, reference=change.reference, now=now)
    opens = identity.Account.objects.filter(person_id=asha.person_id).values_list("phone", "email")
    assert list(opens) == [(to, "asha@example.org")]
    for lost in {"0700000002", "0700000008"} - {to.replace("+254", "0")}:
        told = " ".join(texts(lost)[-2:])
        assert "mtu mwenye kitambulisho chako" in told or "somebody with your ID card" in told
        assert "akaunti yako ilihamishiwa" in told or "your account was moved" in told


def test_who_signed_in_with_the_new_number_already_keeps_that_account(client, officer, colleague, asha, texts, now):
    empty = identity.open_account(actor=ANONYMOUS, phone=NEW, language="en", now=now)
    client.post("/en/desk/new-number/", {**CARD, "phone": NEW})
    reference = reference_in(client.post("/en/desk/new-number/code/", {"code": code_on(texts, "0700000003")}))
    colleague.post("/en/desk/new-number/confirm/", {"reference": reference, "do": "confirm"})
    empty.refresh_from_db()
    assert empty.person_id == asha.person_id


def test_the_number_of_another_person_is_refused(client, officer, asha, texts, now):
    other = identity.open_account(actor=ANONYMOUS, phone=NEW, language="en", now=now)
    actor = identity.actor_for(other, channel="portal", purpose="self-service")
    exchange.prove_identity(actor=actor, id_number="90000003", serial_number="200000003", now=now)
    client.post("/en/desk/new-number/", {**CARD, "phone": NEW})
    refused = client.post("/en/desk/new-number/code/", {"code": code_on(texts, "0700000003")})
    assert "Another person signs in with this number" in refused.content.decode()
    assert identity.contact_of(asha.person_id).phone == OLD


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"serial_number": "999999999"}, "no record under these numbers"),
        ({"id_number": "90000003", "serial_number": "200000003"}, "Nobody with this ID card signs in here"),
        ({"id_number": "x"}, "Type the ID number"),
        ({"phone": "020 222 2222"}, "No text message reaches this number"),
    ],
)
def test_what_is_refused_says_why_and_sends_nothing(client, officer, asha, texts, typed, words):
    answer = client.post("/en/desk/new-number/", {**CARD, "phone": "0700 000 009", **typed})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert texts("0700000009") == []


def test_only_the_officer_who_checked_the_card_and_only_for_a_quarter_of_an_hour(officer, staff, asha, now):
    move = {"person_id": asha.person_id, "phone": NEW, "code": identity.issue_code(phone=NEW, address="", now=now)}
    with pytest.raises(identity.CardNotChecked):
        identity.ask_new_number(actor=officer, now=now, **move)
    exchange.check_card(actor=officer, now=now, **CARD)
    colleague = identity.actor_for(
        staff("Mwenzake", role="supervisor"), channel="desk", purpose="casework", second_factor=True
    )
    with pytest.raises(identity.CardNotChecked):
        identity.ask_new_number(actor=colleague, now=now, **move)
    with pytest.raises(identity.CardNotChecked):
        identity.ask_new_number(actor=officer, now=now + timedelta(minutes=16), **move)
    own = identity.actor_for(asha, channel="portal", purpose="self-service")
    plain = identity.actor_for(staff("Afisa"), channel="desk", purpose="casework", second_factor=True)
    for forbidden in (own, plain, ANONYMOUS):
        with pytest.raises(NotPermitted):
            exchange.check_card(actor=forbidden, now=now, **CARD)
        with pytest.raises(NotPermitted):
            identity.ask_new_number(actor=forbidden, now=now, **move)
    change = identity.ask_new_number(actor=officer, now=now, **move)
    assert journal.entries_concerning(asha.person_id, acts=("identity.person.new_number_asked",))
    with pytest.raises(identity.SecondPersonNeeded):
        identity.confirm_new_number(actor=officer, reference=change.reference, now=now)
    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        identity.NumberChange.objects.filter(id=change.id).update(
            state="confirmed", settled_by=officer.account_id, settled_at=now
        )
    with pytest.raises(NotFound):
        identity.confirm_new_number(actor=plain, reference=change.reference, now=now + timedelta(hours=1))
    for forbidden in (own, ANONYMOUS):
        with pytest.raises(NotPermitted):
            identity.confirm_new_number(actor=forbidden, reference=change.reference, now=now)
    identity.refuse_new_number(actor=plain, reference=change.reference, now=now)
    with pytest.raises(NotFound):
        identity.confirm_new_number(actor=colleague, reference=change.reference, now=now)
    assert identity.contact_of(asha.person_id).phone == OLD

"""Two records that may be one person's: at the desk, in both languages, to the undoing; and what their owner reads of it."""

import pytest
from django.test import Client
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Person
from huduma.foundation.access import ANONYMOUS

pytestmark = pytest.mark.django_db


@pytest.fixture
def asha(now):
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account.refresh_from_db()
    return account


def test_a_pair_is_noticed_joined_by_two_and_parted(client, staff, enter_desk, asha, now):
    slip = Person.objects.create(
        id_number="90000012",
        first_name="Asha",
        surname="Mfano",
        phone="+254700000002",
        verified_by="assisted",
        registered_at=now,
    )
    agent, first, second = Client(), Client(), Client()
    enter_desk(agent, staff("Wakala", role="agent", body=None))
    enter_desk(first, staff("Msimamizi", role="supervisor"))
    enter_desk(second, staff("Mkuu", role="secretariat", body=None))
    assert agent.get("/en/desk/records/").status_code == 403
    found = agent.get("/en/desk/customers/?q=asha+mfano").content.decode()
    assert "Two records of one person?" in found
    assert agent.post("/en/desk/records/notice/", {"person": [str(asha.person_id)]}).status_code == 302
    sent = agent.post("/en/desk/records/notice/", {"person": [str(asha.person_id), str(slip.id)]}, follow=True)
    assert "A supervisor looks at the two records" in sent.content.decode()

    listed = first.get("/en/desk/records/").content.decode()
    assert "ID numbers differ by one slip" in listed
    assert "noticed by a colleague" in listed
    address = listed.split('href="/en/desk/records/')[-1].split('"')[0]
    page = f"/en/desk/records/{address}"
    assert "a second person has to agree" in first.get(page).content.decode()
    refused = first.post(f"{page}join/", {"why": ""})
    assert refused.status_code == 422
    assert "Say in a sentence how you know" in refused.content.decode()
    assert first.post(f"{page}join/", {"why": "Her card was shown."}).url == "/en/desk/records/"
    waiting = second.get(page.replace("/en/", "/sw/")).content.decode()
    assert "Her card was shown." in waiting
    merge = waiting.split('name="merge" value="')[1].split('"')[0]
    assert first.post(f"{page}confirm/", {"merge": merge}).status_code == 422
    joined = second.post(f"{page}confirm/", {"merge": merge})
    assert joined.url == f"/en/desk/joined/{merge}/"
    assert agent.get(f"/en/desk/customers/{slip.id}/?why=call").context["customer"].person_id == asha.person_id

    hers = Client()
    hers.force_login(asha)
    account = hers.get("/en/account/").content.decode()
    assert "Two records with your details were joined into one" in account
    assert "to find out whether two records are one person’s" in account
    identity.Representation.objects.create(
        representative_id=asha.person_id, relation="other", id_number="1", from_on=now, to_on=now, asked_at=timezone.now()
    )  # fmt: skip
    undo = first.get(joined.url.replace("/en/", "/sw/"))
    assert "Mamlaka ya kuomba kwa niaba ya mtu" in undo.content.decode()
    value = undo.context["added"][0][0]
    assert first.post(f"{joined.url}part/", {"why": " ", "also": [value]}).context["added"][0][3]  # still chosen
    first.post(f"{joined.url}part/", {"why": "A sister.", "also": [value]})
    assert identity.Representation.objects.get().representative_id == slip.id
    assert "parted again" in first.get(joined.url).content.decode()
    assert first.get("/en/desk/records/").context["pairs"] == []


def test_the_timeline_of_a_customer_is_searched(client, staff, enter_desk, asha):
    enter_desk(client, staff("Wakala", role="agent", body=None))
    page = f"/en/desk/customers/{asha.person_id}/?why=call"
    words = {
        query: [turn[1] for turn in client.get(page + query).context["turns"]]
        for query in ("", "&q=who+they", "&q=zebra")
    }
    assert words["&q=who+they"] == ["Showed who they are"]
    assert words["&q=zebra"] == []
    assert len(words[""]) >= 1
    assert client.get(f"{page}&since=2099-01-01").context["turns"] == []

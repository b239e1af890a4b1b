"""A body's own CRM: what it may see and do, webhooks both ways, and what is refused."""

import json
import time
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from huduma.contexts.contact import public as contact
from huduma.contexts.contact.queries import matters
from huduma.contexts.crm import operations, rules
from huduma.contexts.crm import public as crm
from huduma.contexts.crm.models import Delivery
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.foundation import http, ids, throttle
from huduma.foundation.access import ANONYMOUS, SYSTEM, Actor, Grant, NotFound, NotPermitted
from huduma.foundation.journal import public as journal
from sandbox.crm import signature

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="person", channel="desk", grants=frozenset({Grant("administrator")}))
API = "/api/crm/v1/"
EXPLAINED = "The certificate was printed again and waits for you at the registry."


@pytest.fixture
def bodies():
    places.load_places(actor=SYSTEM)


def lodge(now, body="CRS", kind="complaint"):
    """A complaint that came to its body's focal persons."""
    matter = contact.open_matter(
        actor=ANONYMOUS, kind=kind, text="My certificate has a wrong name on it.", language="en", body_code=body,
        phone="0712345678", email="", name="Asha Mfano", channel="portal", now=now,
    )  # fmt: skip
    agent = Actor(kind="person", channel="desk", grants=frozenset({Grant("agent")}))
    if matter.level == 1:
        contact.escalate(actor=agent, matter_id=matter.id, reason="Only the body can mend it.", now=now)
    matter.refresh_from_db()
    return matter


def open_link(now, body="CRS", url=""):
    return crm.open_link(actor=OPERATOR, body_code=body, name="Registry CRM", url=url, now=now)


def bearer(opened):
    form = {"grant_type": "client_credentials", "client_id": str(opened.link.id), "client_secret": opened.client_secret}
    answer = Client().post(API + "token", form)
    assert answer.status_code == 200
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_a_program_reads_and_answers_the_matters_of_its_body_alone(bodies, now):
    ours, theirs = lodge(now), lodge(now, body="KRA")
    opened = open_link(now)
    client, headers = Client(), bearer(opened)
    listed = client.get(API + "matters", headers=headers).json()
    assert [one["reference"] for one in listed["matters"]] == [ours.reference]
    whole = client.get(f"{API}matters/{ours.reference}", headers=headers).json()
    assert whole["text"] == "My certificate has a wrong name on it."
    assert "secret" not in json.dumps(whole)
    assert client.get(f"{API}matters/{theirs.reference}", headers=headers).status_code == 404

    def say(what, **told):
        return client.post(
            f"{API}matters/{ours.reference}/{what}", json.dumps(told), content_type="application/json", headers=headers
        )

    assert say("notes", text="Asked the printer.").status_code == 201
    assert say("messages", text="Which name is right?", ask=True).status_code == 201
    assert say("answer", text="Done.", outcome="nonsense").json()["title"] == "NoSuchOutcome"
    assert (
        client.post(
            f"{API}matters/{ours.reference}/notes", "[]", content_type="application/json", headers=headers
        ).status_code
        == 400
    )
    done = say("answer", text=EXPLAINED, outcome=whole["outcomes"][0])
    assert (done.status_code, done.json()["state"]) == (201, "answered")
    assert say("notes", text="").status_code == 409
    entries = journal.entries_concerning(ours.id, acts=["contact.matter.answered"])
    assert entries[0].channel == f"crm:{opened.link.id}"
    assert client.get(API + "openapi.json").json()["openapi"] == "3.1.0"


def pull(opened, view, size, monkeypatch, meanwhile=lambda seen: None):
    """All pages of a view, as a program reads them; `meanwhile` writes between two of them."""
    monkeypatch.setattr(matters, "PAGE", size)
    client, headers, after, seen = Client(), bearer(opened), "", []
    while after is not None:
        page = client.get(API + "matters", {"view": view, "after": after}, headers=headers).json()
        seen += [one["reference"] for one in page["matters"]]
        after = page["after"]
        meanwhile(seen)
    return seen


def many(now, number):
    """Complaints that are with CRS, by threes due at the same moment."""
    first = lodge(now)
    copies = []
    for n in range(number):
        matter = contact.Matter(
            **{field.attname: getattr(first, field.attname) for field in first._meta.concrete_fields}
        )
        matter.id, matter.reference, matter.due_at = ids.uuid7(), f"HMTEST{n:05}", now + timedelta(days=1 + n // 3)
        copies.append(matter)
    contact.Matter.objects.bulk_create(copies)
    contact.Matter.objects.filter(id=first.id).update(state="withdrawn", closed_at=now)
    return copies


def test_a_program_misses_nothing_and_reads_nothing_twice_while_others_work(bodies, now, monkeypatch):
    whole, opened = many(now, 40), open_link(now)
    moved = []

    def answer(reference):
        matter = contact.get_stand(next(one.id for one in whole if one.reference == reference))
        contact.answer(
            actor=SYSTEM, matter_id=matter.id, outcome=matter.rules.outcomes[0], text=EXPLAINED, now=now
        )  # fmt: skip

    def work(seen):
        """Colleagues answer one that was read, and one that was not."""
        if len(moved) < 3:
            answer(seen[-2])
            moved.append(
                [one.reference for one in whole if one.reference not in seen and one.reference not in moved][-1]
            )
            answer(moved[-1])

    seen = pull(opened, "team", 7, monkeypatch, work)
    assert len(seen) == len(set(seen))
    assert {one.reference for one in whole} - set(seen) == set(moved)
    assert seen == sorted(seen)  # due first, and of one moment in the order of their ids
    for n, one in enumerate(whole):
        at = now + timedelta(hours=n // 3) if n % 4 else None  # the others went to an outside authority unanswered
        contact.Matter.objects.filter(id=one.id).update(
            state="answered" if at else "outside", outcome=one.rules.outcomes[0], answer=EXPLAINED, answered_at=at
        )
    answered = pull(opened, "answered", 7, monkeypatch)
    assert sorted(answered) == sorted(one.reference for one in whole)


def test_a_refusal_of_the_api_is_a_problem_whatever_was_wrong(bodies, now):
    opened, matter = open_link(now), lodge(now)
    client, headers = Client(), bearer(opened)
    note = f"{API}matters/{matter.reference}/notes"
    for status, answer in (
        (400, client.get(API + "matters?after=x", headers=headers)),
        (400, client.get(API + "matters?after=MjAyNi0wMS0wMXww", headers=headers)),
        (400, client.get(API + "matters?view=mine", headers=headers)),
        (401, client.get(API + "matters")),
        (401, client.get(API + "matters", headers={"Authorization": "Basic eDp5"})),
        (404, client.get(API + "matters/HM0", headers=headers)),
        (405, client.put(API + "matters", headers=headers)),
        (405, client.get(note, headers=headers)),
        (409, client.post(note, {"text": "x" * 8001}, content_type="application/json", headers=headers)),
        (413, client.post(note, b" " * 100_001, content_type="application/json", headers=headers)),
    ):
        said = answer.json()
        assert (answer.status_code, said["status"]) == (status, status)
        assert answer["Content-Type"] == "application/problem+json"
        assert said["title"]
        assert said["detail"]
    long = {"text": f"{EXPLAINED} " * 200, "outcome": matter.rules.outcomes[0]}
    refused = client.post(
        f"{API}matters/{matter.reference}/answer", long, content_type="application/json", headers=headers
    )
    assert refused.json()["title"] == "TooLong"


def test_a_program_that_asks_too_much_is_told_when_to_ask_again_and_others_are_not(bodies, now, monkeypatch):
    monkeypatch.setattr(rules, "REQUESTS_PER_MINUTE", 3)
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: 1_800_000_030.0))
    opened, other, matter = open_link(now), open_link(now, body="KRA"), lodge(now)
    client, headers = Client(), bearer(opened)
    note = {"reference": matter.reference, "text": "Seen by the registry."}
    assert told(opened, "matter.note", note) == 201
    assert told(opened, "matter.note", note, secret=opened.telling) == 401  # a stranger's do not count
    answers = [client.get(API + "matters", headers=headers) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert (answers[-1]["Retry-After"], answers[-1].json()["title"]) == ("30", "Too Many Requests")
    assert told(opened, "matter.note", note, webhook_id="msg_2") == 429
    assert client.get(API + "matters", headers=bearer(other)).status_code == 200
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: 1_800_000_060.0))
    assert told(opened, "matter.note", note, webhook_id="msg_2") == 201


def test_a_program_is_told_of_what_was_chosen_for_it(bodies, drain_jobs, now, settings):
    settings.CRM_PRIVATE_ADDRESSES = True
    with pytest.raises(crm.NoTypes):
        crm.open_link(
            actor=OPERATOR, body_code="CRS", name="x", url="http://127.0.0.1:9/", types=["matter.gone"], now=now
        )
    link = crm.open_link(
        actor=OPERATOR, body_code="CRS", name="x", url="http://127.0.0.1:9/", types=["matter.answered"], now=now
    ).link
    own, theirs = lodge(now), lodge(now)
    staff = Actor(kind="person", channel="desk", account_id=ids.uuid7(), grants=frozenset({Grant("focal", "CRS")}))
    for actor, matter in ((crm.actor_of_link(link), own), (staff, theirs)):  # what the program did itself it knows
        outcome = matter.rules.outcomes[0]
        contact.answer(actor=actor, matter_id=matter.id, outcome=outcome, text=EXPLAINED, now=now)
    drain_jobs()
    [told_of] = link.deliveries.all()
    assert (told_of.payload["type"], told_of.payload["data"]["reference"]) == ("matter.answered", theirs.reference)


def test_a_token_ends_with_its_link_and_wrong_secrets_open_nothing(bodies, now):
    opened = open_link(now)
    headers = bearer(opened)
    wrong = {"grant_type": "client_credentials", "client_id": str(opened.link.id), "client_secret": "wrong"}
    assert Client().post(API + "token", wrong).status_code == 401
    assert Client().post(API + "token", wrong | {"client_id": "x\x01"}).status_code == 401
    assert Client().post(API + "token", wrong | {"grant_type": "password"}).status_code == 400
    assert Client().get(API + "matters").status_code == 401
    crm.close_link(actor=OPERATOR, link_id=opened.link.id, now=now)
    assert Client().get(API + "matters", headers=headers).status_code == 401
    with pytest.raises(NotPermitted):
        crm.open_link(actor=ANONYMOUS, body_code="CRS", name="x", now=now)
    stored = str(crm.list_links_for(OPERATOR)[0].__dict__)
    assert opened.client_secret not in stored
    assert opened.telling not in stored


def test_webhooks_are_signed_told_once_tried_again_given_up_and_replayed(sandbox, bodies, drain_jobs, now, settings):
    settings.CRM_PRIVATE_ADDRESSES = True
    opened = open_link(now, url=f"{str(sandbox.base_url).rstrip('/')}/crm/hook")
    sandbox.post("/_control/crm/link", json={"telling": opened.telling, "hearing": opened.hearing, "hook": ""})
    matter = lodge(now)
    lodge(now, body="KRA")
    drain_jobs()
    taken = sandbox.get("/_control/crm/heard").json()
    assert {one["type"] for one in taken} >= {"matter.escalated"}
    assert {one["data"]["reference"] for one in taken} == {matter.reference}
    assert "Mfano" not in json.dumps(taken)
    assert not Delivery.objects.exclude(state="delivered").exists()
    for entry in journal.entries_concerning(matter.id, acts=["contact.matter.escalated"]):
        assert operations.tell(entry) == 0  # told already

    sandbox.post("/_control/crm/link", json={"telling": opened.telling, "hearing": "", "hook": "", "status": 503})
    contact.note(actor=SYSTEM, matter_id=matter.id, text="A note", now=now)
    drain_jobs(until=timezone.now() + timedelta(days=5))
    [dead] = crm.list_dead_for(OPERATOR)
    assert (dead.tries, dead.problem) == (len(rules.PAUSES), "HTTP 503")
    sandbox.post("/_control/crm/link", json={"telling": opened.telling, "hearing": "", "hook": ""})
    crm.replay(actor=OPERATOR, delivery_id=dead.id, now=now)
    drain_jobs()
    [heard] = sandbox.get("/_control/crm/heard").json()
    assert heard["id"] == f"msg_{dead.id.hex}"
    sandbox.post("/_control/crm/link", json={"telling": opened.hearing, "hearing": "", "hook": ""})
    contact.note(actor=SYSTEM, matter_id=matter.id, text="Another", now=now)
    drain_jobs()
    assert Delivery.objects.filter(state="queued", problem="HTTP 401").count() == 1


def told(opened, kind, data, *, webhook_id="msg_1", age=0, secret=""):
    body = json.dumps({"type": kind, "data": data}).encode()
    at = str(int(time.time()) - age)
    headers = {
        "webhook-id": webhook_id, "webhook-timestamp": at,
        "webhook-signature": "v1,old " + signature(secret or opened.hearing, webhook_id, at, body),
    }  # fmt: skip
    return (
        Client()
        .post(f"/hooks/crm/{opened.link.id}/", body, content_type="application/json", headers=headers)
        .status_code
    )


def test_what_a_program_tells_is_done_once_and_only_when_it_signed_it_now(bodies, now):
    matter, theirs, opened = lodge(now), lodge(now, body="KRA"), open_link(now)
    note = {"reference": matter.reference, "text": "Seen by the registry."}
    assert told(opened, "matter.note", note, secret=opened.telling) == 401
    assert told(opened, "matter.note", note, age=301) == 401
    assert told(opened, "matter.note", note, age=-301) == 401
    assert [told(opened, "matter.note", note), told(opened, "matter.note", note)] == [201, 200]
    assert [one.text for one in contact.remarks_of(matter, internal=True)].count("Seen by the registry.") == 1
    answer = {"reference": matter.reference, "text": EXPLAINED, "outcome": "nonsense"}
    assert told(opened, "matter.answer", answer, webhook_id="msg_2") == 422
    mended = answer | {"outcome": matter.rules.outcomes[0]}
    assert told(opened, "matter.answer", mended, webhook_id="msg_2") == 201
    assert told(opened, "matter.delete", note, webhook_id="msg_3") == 422
    assert told(opened, "matter.note", note | {"reference": theirs.reference}, webhook_id="msg_4") == 422
    assert told(opened, "matter.note", [], webhook_id="msg_5") == 422
    crm.close_link(actor=OPERATOR, link_id=opened.link.id, now=now)
    assert told(opened, "matter.note", note, webhook_id="msg_6") == 401


def test_only_words_reach_a_customer_and_odd_bodies_are_refused(bodies, now):
    matter, opened = lodge(now), open_link(now)
    about = {"reference": matter.reference}
    for number, text in enumerate((None, 7, ["x"], {"a": 1}, "\0")):
        assert told(opened, "matter.message", about | {"text": text}, webhook_id=f"odd_{number}") == 422
    assert told(opened, "matter.message", about | {"text": "Ready\0 \ud83d"}) == 201
    assert [one.text for one in contact.remarks_of(matter, internal=False)] == ["Ready \ufffd"]
    deep, headers = b"[" * 50_000, bearer(opened)
    address = f"{API}matters/{matter.reference}/notes"
    assert Client().post(address, deep, content_type="application/json", headers=headers).status_code == 400
    noted = Client().post(address, b'{"text": "A\\u0000 note"}', content_type="application/json", headers=headers)
    assert (noted.status_code, noted.json()["said"][-1]["text"]) == (201, "A note")
    hook = f"/hooks/crm/{opened.link.id}/"
    at = str(int(time.time()))
    signed = {
        "webhook-id": "deep",
        "webhook-timestamp": at,
        "webhook-signature": signature(opened.hearing, "deep", at, deep),
    }
    assert Client().post(hook, deep, content_type="application/json", headers=signed).status_code == 400
    assert Client().post(hook, b" " * 100_001, content_type="application/json").status_code == 413
    for length in ("x", "1" * 5000):
        assert Client().generic("POST", hook, b"", CONTENT_LENGTH=length).status_code == 413


def test_of_an_answer_to_a_webhook_only_the_status_is_read(bodies, now, settings, monkeypatch):
    class Endless(httpx.SyncByteStream):
        def __iter__(self):
            raise AssertionError("it has no end")

    line = httpx.MockTransport(lambda request: httpx.Response(200, stream=Endless()))
    monkeypatch.setattr(http, "client", lambda *_, **__: httpx.Client(transport=line))
    settings.CRM_PRIVATE_ADDRESSES = True
    link = open_link(now, url="http://crm.example/hook").link
    delivery = Delivery.objects.create(link=link, entry_id=link.id, payload={}, made_at=now)
    operations.deliver(delivery_id=delivery.id, now=now)
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


def test_the_signature_of_the_specifications_own_vector():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body, expected = b'{"test": 2432232314}', "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert rules.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == expected
    assert rules.is_signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body, "v1,no " + expected)
    assert not rules.is_signed("whsec_?", "m", "1", body, expected)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0", "::1", "fe80::1%eth0", "fd00::1",
     "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "224.0.0.1", "x"],
)  # fmt: skip
def test_no_address_inside_is_called(address):
    assert not rules.is_public(address)
    assert rules.is_public("8.8.8.8")
    assert rules.is_public("2001:4860:4860::8888")


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/",
        "https://u:p@crm.example/",
        "ftp://crm.example",
        "https://",
        "https://x:99999/",
        "javascript:1",
    ],
)
def test_only_https_addresses_are_entered(bodies, now, settings, url):
    settings.CRM_PRIVATE_ADDRESSES = False
    with pytest.raises(crm.NotAnAddress):
        open_link(now, url=url)


def test_a_name_that_leads_inside_is_given_up_at_once(bodies, drain_jobs, now, settings):
    settings.CRM_PRIVATE_ADDRESSES = False
    open_link(now, url="https://localhost:8443/hook")
    lodge(now)
    drain_jobs()
    assert {one.problem for one in crm.list_dead_for(OPERATOR)} == {"address not public"}


def test_the_operators_page_shows_secrets_once_and_replays(client, enter_desk, bodies, now):
    account = identity.open_staff_account(
        actor=SYSTEM, email="op@example.org", password="a-long-password-for-tests", first_name="Op", surname="Mfano", now=now
    )  # fmt: skip
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="administrator", body_code=None, now=now)
    enter_desk(client, account)
    page = client.post("/en/desk/crm/", {"body": "CRS", "name": "Registry CRM", "url": ""}).content.decode()
    assert "whsec_" in page
    assert "client_secret" in page
    shown = client.get("/sw/desk/crm/").content.decode()
    assert "whsec_" not in shown
    assert all(f"<code>{told}</code>" in shown for told in crm.TYPES.values())
    assert client.post("/en/desk/crm/", {"body": "CRS", "name": ""}).status_code == 422
    assert "Choose the public body" in client.post("/en/desk/crm/", {"body": "", "name": "X"}).content.decode()
    link = crm.list_links_for(OPERATOR)[0]
    dead = Delivery.objects.create(
        link=link, entry_id=link.id, state="dead", made_at=now, settled_at=now, problem="HTTP 500",
        payload={"type": "matter.opened", "data": {"reference": "HM7K3M9Q2XC"}},
    )  # fmt: skip
    assert "HTTP 500" in client.get("/en/desk/crm/").content.decode()
    assert client.post(f"/en/desk/crm/dead/{dead.id}/").status_code == 302
    dead.refresh_from_db()
    assert dead.state == "queued"
    assert client.post(f"/en/desk/crm/{link.id}/close/").status_code == 302
    with pytest.raises(NotFound):
        crm.sign_in(client_id=str(link.id), client_secret="x")

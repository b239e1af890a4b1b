"""Calls by our own exchange and by the company: coming in, calling out, and what is lost, told twice or told late."""

import threading
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.db import connection

from huduma.contexts.contact import public as contact
from huduma.contexts.inbox import operations, rules, tasks
from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.management.commands.telephone import listen
from huduma.contexts.inbox.models import Call, CallBack, Conversation, Received
from huduma.contexts.inbox.operations import commands
from huduma.contexts.inbox.operations.conversations import begin
from huduma.contexts.inbox.providers.base import CallNews, channels
from huduma.foundation import http
from huduma.foundation.access import ANONYMOUS, NotFound, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db
HERS, EXTENSION = "+254700000002", "2001"


@pytest.fixture(autouse=True)
def clock(monkeypatch, now):
    """Jobs run in the same moment as what started them."""
    monkeypatch.setattr(tasks, "timezone", SimpleNamespace(now=lambda: now))


@pytest.fixture
def exchange(sandbox, drain_jobs, now):
    """Our exchange, listened to: handsets act, events are heard until one has come, and what they mean is done."""
    line = channels.get("asterisk")

    class Listened:
        def __init__(self, stream):
            self.stream, self.heard = stream, []

        def use(self, number, action, digit="", until=""):
            told = sandbox.post("/phone/api/call", json={"phone": number, "action": action, "digit": digit}).json()
            assert told["done"], (number, action)
            self.hear(until)

        def hear(self, until):
            while until and not (self.heard and f'"{until}"'.encode() in self.heard[-1]):
                self.heard.append(self.stream.recv(timeout=60, decode=False))
                operations.keep_event(self.heard[-1], now)
            self.heard.clear()
            drain_jobs()

        def handset(self, number):
            return sandbox.post("/phone/api/call", json={"phone": number, "action": "look"}).json()["call"]

        def compare(self, later=timedelta()):
            operations.reconcile(line.seen(), now + later)
            drain_jobs()

    with line.events() as stream:
        yield Listened(stream)


@pytest.fixture
def agent(staff, now, settings):
    """An agent with an extension."""
    settings.CALLS_OUT_BY = "asterisk"
    actor = staff()
    inbox.set_presence(actor=actor, is_there=True, now=now, phone=EXTENSION)
    return actor


def conversation_with(phone=HERS) -> Conversation:
    return Conversation.objects.get(phone=phone)


def place(agent, customer, now, purpose="matter") -> Call:
    return inbox.call_out(actor=agent, person_id=customer.person_id, purpose=purpose, now=now)


def test_calling_out_rings_the_agent_then_the_customer_and_records_how_it_went(
    exchange, agent, customer, drain_jobs, now
):
    call = place(agent, customer, now)
    drain_jobs()
    assert exchange.handset(EXTENSION)["shown"] == HERS
    assert exchange.handset(HERS) is None
    exchange.use(EXTENSION, "answer", until="StasisStart")
    call.refresh_from_db()
    assert (call.stage, exchange.handset(HERS)["state"]) == ("customer", "ring")
    exchange.use(HERS, "answer", until="StasisStart")
    call.refresh_from_db()
    assert (call.stage, exchange.handset(EXTENSION)["talks_with"]) == ("talking", HERS)
    assert exchange.handset(HERS)["said"] == ["sound:huduma/recorded"]
    with pytest.raises(inbox.NotOver):
        inbox.record_outcome(actor=agent, call_id=call.id, outcome="reached", now=now)
    exchange.use(HERS, "hangup", until="ChannelDestroyed")
    exchange.hear("RecordingFinished")
    call.refresh_from_db()
    assert (call.how, call.cause, call.outcome, exchange.handset(EXTENSION)) == ("answered", "", "", None)
    assert inbox.hear_recording(actor=agent, call_id=call.id, now=now)[0][:4] == b"RIFF"
    [heard] = journal.entries_concerning(customer.person_id, acts=["inbox.recording.heard"])
    assert (heard.actor_account_id, heard.facts["call_id"]) == (agent.account_id, str(call.id))
    inbox.record_outcome(actor=agent, call_id=call.id, outcome="reached", now=now)
    assert not conversation_with().is_waiting


@pytest.mark.parametrize(
    ("action", "outcome"), [("decline", "busy"), ("", "no_answer")], ids=["declined", "gone while nobody listened"]
)
def test_a_customer_who_does_not_answer_leaves_a_try_of_the_call_that_was_promised(
    exchange, agent, customer, sandbox, drain_jobs, now, action, outcome
):
    asked = inbox.write_from_web(actor=customer, text="Nipigie simu", language="sw", phone=HERS, now=now)
    promised = inbox.promise_call_for(actor=agent, conversation_id=asked.id, now=now)
    call = inbox.call_out(actor=agent, callback_id=promised.id, purpose="", now=now)
    drain_jobs()
    exchange.use(EXTENSION, "answer", until="StasisStart")
    if action:
        exchange.use(HERS, action, until="ChannelDestroyed")
    else:
        sandbox.post("/phone/api/call", json={"phone": HERS, "action": "decline"})
        exchange.compare(timedelta(minutes=2))
    call.refresh_from_db()
    promised.refresh_from_db()
    assert (call.outcome, call.purpose, promised.tries, promised.state) == (outcome, "callback", 1, "open")
    inbox.record_outcome(actor=agent, call_id=call.id, outcome="reached", now=now)
    promised.refresh_from_db()
    assert (promised.tries, promised.state) == (2, "kept")


def test_an_agent_who_does_not_lift_costs_no_try_and_rings_nobody(exchange, agent, customer, drain_jobs, now):
    asked = inbox.write_from_web(actor=customer, text="Nipigie simu", language="sw", phone=HERS, now=now)
    promised = inbox.promise_call_for(actor=agent, conversation_id=asked.id, now=now)
    call = inbox.call_out(actor=agent, callback_id=promised.id, purpose="", now=now)
    drain_jobs()
    exchange.use(EXTENSION, "decline", until="ChannelDestroyed")
    call.refresh_from_db()
    promised.refresh_from_db()
    assert (call.how, call.cause, call.outcome, promised.tries) == ("missed", "agent_missed", "", 0)
    assert exchange.handset(HERS) is None


def test_who_may_not_be_called_and_who_may_not_call(agent, staff, customer, now):
    with pytest.raises(inbox.NoPurpose):
        place(agent, customer, now, purpose="gossip")
    for at in (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), datetime(2026, 11, 23, 4, 59, tzinfo=UTC)):  # 20:00 and 7:59
        with pytest.raises(inbox.TooLate):
            place(agent, customer, at)
    with pytest.raises(inbox.NoTelephone):
        place(staff("Juma"), customer, now)
    with pytest.raises(inbox.NoExtension):
        inbox.set_presence(actor=agent, is_there=True, now=now, phone="PJSIP/1")
    call = place(agent, customer, now)
    with pytest.raises(inbox.InACall):
        place(agent, customer, now)
    colleague = staff("Juma")
    inbox.set_presence(actor=colleague, is_there=True, now=now, phone="2002")
    with pytest.raises(inbox.TheyTalk):
        place(colleague, customer, now)
    inbox.hang_up(actor=agent, call_id=call.id, now=now)
    inbox.record_outcome(actor=agent, call_id=call.id, outcome="do_not_call", now=now)
    with pytest.raises(inbox.AsksForPeace):
        place(agent, customer, now)
    promised = inbox.promise_call_for(actor=agent, conversation_id=call.conversation_id, now=now)
    assert inbox.call_out(actor=agent, callback_id=promised.id, purpose="", now=now).phone == HERS


def test_a_caller_waits_is_taken_by_an_agent_and_talks_with_them(exchange, agent, customer, drain_jobs, now):
    exchange.use(HERS, "call", until="StasisStart")
    call = Call.objects.get()
    assert (call.stage, call.phone, call.conversation.person_id) == ("ringing", HERS, customer.person_id)
    assert exchange.handset(HERS)["said"] == ["sound:huduma/welcome"]
    inbox.take_call(actor=agent, call_id=call.id, now=now)
    drain_jobs()
    exchange.use(EXTENSION, "decline", until="ChannelDestroyed")
    call.refresh_from_db()
    assert call.stage == "ringing"  # it rings for everybody again
    inbox.take_call(actor=agent, call_id=call.id, now=now)
    drain_jobs()
    exchange.use(EXTENSION, "answer", until="StasisStart")
    assert exchange.handset(HERS)["talks_with"] == EXTENSION
    exchange.use(EXTENSION, "hangup", until="ChannelDestroyed")
    exchange.hear("RecordingFinished")
    call.refresh_from_db()
    assert (call.how, exchange.handset(HERS), conversation_with().is_waiting) == ("answered", None, False)


def test_a_caller_is_promised_a_call_and_told_so(exchange, agent, customer, now):
    exchange.use(HERS, "call", until="StasisStart")
    exchange.use(HERS, "key", "1", until="ChannelDtmfReceived")
    exchange.hear("sound:huduma/promised")
    assert CallBack.objects.get().phone == HERS
    assert (Call.objects.get().how, exchange.handset(HERS)) == ("callback", None)


@pytest.mark.parametrize(("key", "language"), [("2", "sw"), ("3", "en")])
def test_a_caller_keys_a_reference_and_hears_the_status_in_their_language(
    exchange, agent, customer, now, key, language
):
    matter = contact.open_matter(
        actor=customer, kind="complaint", text="They shouted at me.", language="en", body_code="CRS", phone=HERS, channel="web", now=now
    )  # fmt: skip
    keys = matter.reference.translate(rules.KEYS)[2:]
    exchange.use(HERS, "call", until="StasisStart")
    exchange.use(HERS, "key", key, until="ChannelDtmfReceived")
    assert exchange.handset(HERS)["said"][-1] == "sound:huduma/key_it"
    for digit in f"{keys[:3]}*1#":  # began anew, then wrong
        exchange.use(HERS, "key", digit, until="ChannelDtmfReceived")
    assert exchange.handset(HERS)["said"][-1] == "sound:huduma/not_found"
    call = Call.objects.get()
    assert (call.keyed, call.stage, CallBack.objects.count()) == (language, "ringing", 0)  # an agent may still take it
    for digit in f"{keys}#":
        exchange.use(HERS, "key", digit, until="ChannelDtmfReceived")
    said = [one.removeprefix("sound:huduma/") for one in exchange.handset(HERS)["said"][-5:]]
    assert said == ["kind/complaint", "matter/open", "with", "level/1", "goodbye"]
    assert set(said) <= set(operations.sounds_in(language))
    exchange.hear("sound:huduma/goodbye")
    call.refresh_from_db()
    assert (call.how, exchange.handset(HERS), call.conversation.is_waiting) == ("answered", None, False)


def test_every_sound_of_a_status_has_words_in_both_languages(bodies, now, monkeypatch):
    english, kiswahili = operations.sounds_in("en"), operations.sounds_in("sw")
    assert english.keys() == kiswahili.keys()
    assert [name for name in english if english[name] == kiswahili[name]] == []
    listed = StringIO()
    call_command("telephone", "--sounds", stdout=listed)
    assert f"sw/huduma/goodbye: {kiswahili['goodbye']}" in listed.getvalue()
    asked = {"phone": "+254700000009", "digits": "222345678", "language": "en", "now": now}
    stranger = operations.read_status(**asked)
    assert (stranger.is_found, stranger.sounds) == (False, ("not_found",))
    monkeypatch.setattr(commands, "KEYED_PER_HOUR", 0)
    assert operations.read_status(**asked).sounds == ("too_much",)


def test_what_is_lost_or_told_twice_or_late_is_set_right(exchange, agent, customer, sandbox, drain_jobs, now):
    sandbox.post("/_control/asterisk", json={"fault": "lose"})
    sandbox.post("/phone/api/call", json={"phone": HERS, "action": "call"})
    exchange.compare()  # the caller came while nobody heard
    call = Call.objects.get()
    sandbox.post("/_control/asterisk", json={"fault": "duplicate", "times": -1})
    exchange.use(HERS, "hangup", until="ChannelDestroyed")
    call.refresh_from_db()
    assert (call.how, Call.objects.count()) == ("missed", 1)
    late = CallNews(session_id=call.session_id, phone=HERS)
    operations.hear_of_call(late, now, via="asterisk")
    operations.hear_of_call(CallNews(session_id="unknown", is_over=True), now, via="asterisk")
    assert Call.objects.count() == 1
    assert Received.objects.filter(source="asterisk", state="refused").count() == 0


def test_an_exchange_that_is_down_fails_the_call_at_once(agent, customer, sandbox, drain_jobs, now):
    sandbox.post("/_control/asterisk", json={"fault": "down"})
    call = place(agent, customer, now)
    drain_jobs()
    call.refresh_from_db()
    assert (call.stage, call.cause) == ("over", "agent_missed")


def test_the_listener_hears_sets_right_and_gives_up_a_broken_line(exchange, sandbox, customer, now, monkeypatch):
    sandbox.post("/phone/api/call", json={"phone": HERS, "action": "call"})
    kept = []
    monkeypatch.setattr(operations, "keep_event", lambda body, _: kept.append(body))
    sandbox.post("/_control/asterisk", json={"fault": "disconnect", "times": -1})
    hung = threading.Event()

    def compared(seen, _at):
        kept.append(len(seen.callers))
        if not hung.is_set():  # the line is open by now
            hung.set()
            sandbox.post("/phone/api/call", json={"phone": HERS, "action": "hangup"})

    monkeypatch.setattr(operations, "reconcile", compared)
    with pytest.raises(http.Unavailable):
        listen(channels.get("asterisk"))
    assert kept[0] == 1
    assert b"StasisEnd" in kept[1]
    connection.close_if_unusable_or_obsolete()


def test_the_company_is_ordered_to_call_and_dials_the_customer(agent, customer, sandbox, drain_jobs, now, settings):
    settings.CALLS_OUT_BY = "phone"
    inbox.set_presence(actor=agent, is_there=True, now=now, phone="0700 000 003")
    call = place(agent, customer, now)
    drain_jobs()
    call.refresh_from_db()
    assert call.session_id.startswith("ATVId_")
    assert inbox.whom_to_dial(session_id=call.session_id, agent_phone="") == HERS
    told = {"sessionId": call.session_id, "direction": "Outbound", "destinationNumber": "+254700000003"}

    def hear(**more):
        body = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in (told | more).items()).encode()
        for _ in range(2):
            inbox.receive(source="phone", key=inbox.key_of(body), headers={}, body=body, now=now)
        drain_jobs()
        call.refresh_from_db()

    hear(isActive="1")
    assert call.stage == "customer"
    hear(isActive="0", durationInSeconds="40", dialDurationInSeconds="31", hangupCause="NORMAL_CLEARING")
    assert (call.how, call.seconds, call.outcome) == ("answered", 31, "")
    again = place(agent, customer, now)
    told["sessionId"] = "ATVId_told_first"  # before the answer to our order came
    call = again
    hear(isActive="1")
    hear(isActive="0", durationInSeconds="20", hangupCause="NO_ANSWER")
    assert (call.session_id, call.outcome, Call.objects.count()) == ("ATVId_told_first", "no_answer", 2)


def test_a_call_that_a_line_forgot_ends_by_itself(agent, customer, now):
    call = place(agent, customer, now)
    assert operations.end_forgotten(now + timedelta(hours=2)) == 0
    assert operations.end_forgotten(now + timedelta(hours=4)) == 1
    call.refresh_from_db()
    assert call.stage == "over"


def recorded(now, via="asterisk", address="call-1", **more) -> Call:
    conversation = begin(channel="phone", address=HERS, phone=HERS, language="sw", now=now)
    for name, value in more.items():
        setattr(conversation, name, value)
    conversation.save()
    return Call.objects.create(
        session_id=str(conversation.id), conversation=conversation, direction="in", phone=HERS, started_at=now, ended_at=now,
        how="answered", via=via, recording=address,
    )  # fmt: skip


def test_a_recording_is_deleted_when_its_time_is_over_unless_its_matter_is_open(
    agent, sandbox, drain_jobs, now, settings, monkeypatch
):
    matter = contact.open_matter(
        actor=ANONYMOUS, kind="complaint", text="They shouted at me.", language="en", body_code="CRS", phone=HERS, channel="web", now=now
    )  # fmt: skip
    here, there, disputed = (
        recorded(now),
        recorded(now, "phone", "https://voice.example/1"),
        recorded(now, matter=matter),
    )
    assert operations.forget_recordings(now + timedelta(days=settings.RECORDING_DAYS)) == 0
    later = now + timedelta(days=settings.RECORDING_DAYS, minutes=1)
    sandbox.post("/_control/asterisk", json={"fault": "down", "times": 1})
    assert operations.forget_recordings(later) == operations.forget_recordings(later) == 2
    with pytest.raises(http.Unavailable):  # a worker tries again
        operations.forget_recording(call_id=here.id, now=later)
    assert Call.objects.get(id=here.id).recording
    assert drain_jobs().count("inbox.forget_recording") == 2
    operations.forget_recording(call_id=here.id, now=later)
    assert [Call.objects.get(id=one.id).recording for one in (here, there, disputed)] == ["", "", "call-1"]
    assert len(inbox.list_heard([here, there, disputed])) == 2
    with pytest.raises(NotFound):
        inbox.hear_recording(actor=agent, call_id=here.id, now=later)


def test_who_may_hear_a_recording_and_what_the_line_says_of_it(agent, staff, bodies, now):
    call, there = recorded(now), recorded(now, "phone", "https://voice.example/1")
    with pytest.raises(inbox.NoAnswer):  # the exchange has none of that name
        inbox.hear_recording(actor=agent, call_id=call.id, now=now)
    assert inbox.hear_recording(actor=agent, call_id=there.id, now=now) == (b"", "https://voice.example/1")
    with pytest.raises(NotPermitted):
        inbox.hear_recording(actor=staff("Baraka", role="focal", body="CRS"), call_id=there.id, now=now)
    voice = channels.get("phone")
    for address, kept in (("javascript:alert(1)", ""), ("https://voice.example/1", "https://voice.example/1")):
        [news] = voice.read({}, urlencode({"sessionId": "1", "isActive": "0", "recordingUrl": address}).encode())
        assert news.recording == kept


def test_letters_are_keyed_by_where_they_stand():
    mine = ["HM7K3M9Q2XC", "HBABC345678"]
    assert rules.keyed(mine, "46753697292") == "HM7K3M9Q2XC"
    assert rules.keyed(mine, "222345678") == "HBABC345678"
    assert rules.keyed(mine, "1") == ""
    assert rules.keyed(["HMAAAA", "HMBBBB"], "2222") == ""

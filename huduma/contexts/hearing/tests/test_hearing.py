"""One question after each outcome; who answered is forgotten; a handful of answers shows nothing."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from huduma.contexts.contact import public as contact
from huduma.contexts.hearing import operations, rules
from huduma.contexts.hearing import public as hearing
from huduma.contexts.hearing.models import Question
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.models import Conversation, Message, Received
from huduma.contexts.messages.models import Message as Sent
from huduma.contexts.places import public as places
from huduma.foundation import ids
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotFound, NotPermitted

PHONE = "+254700000002"


@pytest.fixture(autouse=True)
def _bodies(db):
    places.load_places(actor=SYSTEM)


def served(number=2, **changes) -> hearing.Served:
    options = {
        "kind": "ticket", "about_id": ids.uuid7(), "phone": f"+2547000{number:05}", "email": "", "language": "en",
        "service_code": "passport", "body_code": "CRS", "channel": "counter",
    }  # fmt: skip
    return hearing.Served(**{**options, **changes})


def sms(text, number):
    body = urlencode({"id": number, "text": text, "from": PHONE, "to": "22222"}).encode()
    inbox.receive(source="sms", key=number, headers={}, body=body, now=timezone.now())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5", (5, "")), (" 4. Asante sana", (4, "Asante sana")), ("1, nobody came", (1, "nobody came")),
        ("6", None), ("50 shillings", None), ("Asante 5", None), ("", None),
    ],
)  # fmt: skip
def test_what_counts_as_an_answer(text, meant):
    assert rules.read_reply(text) == meant


@given(st.integers(1, 3000), st.data())
def test_the_interval_holds_the_share_and_narrows_with_numbers(total, data):
    count = data.draw(st.integers(0, total))
    share = rules.share_of(count, total)
    assert 0 <= share.low <= share.part + 1e-9
    assert share.part - 1e-9 <= share.high <= 1
    more = rules.share_of(count * 10, total * 10)
    assert more.high - more.low < share.high - share.low


def test_a_known_interval():
    share = rules.share_of(8, 10)  # Wilson's, as textbooks give it: 0.490 to 0.943
    assert (round(share.low, 3), round(share.high, 3)) == (0.490, 0.943)


def test_one_thing_is_asked_about_once_and_nobody_more_than_once_a_week(now):
    first = served()
    assert operations.ask(first, now=now)
    assert operations.ask(first, now=now + timedelta(days=8)) is None
    assert operations.ask(served(), now=now + timedelta(days=6)) is None
    assert operations.ask(served(), now=now + timedelta(days=8))
    assert operations.ask(served(phone=""), now=now) is None


def test_an_answer_by_sms_is_taken_and_nobody_keeps_who_gave_it(drain_jobs):
    operations.ask(served(phone=PHONE), now=timezone.now())
    sms("5 Haraka sana", "ATX1")
    drain_jobs()
    question = Question.objects.get()
    assert (question.mark, question.word, question.phone) == (5, "Haraka sana", "")
    assert bytes(Received.objects.get().body) == b""
    assert not Message.objects.exists()
    assert (
        "Whoever served you does not learn" in Sent.objects.get(kind="inbox.heard").text
        or Sent.objects.get(kind="inbox.heard").text == ""
    )
    sms("5", "ATX2")  # nothing waits any more: it is a message like any other
    drain_jobs()
    assert Conversation.objects.count() == 1


def test_a_low_mark_opens_a_follow_up_with_a_number_only_where_that_is_wanted(now):
    tokens = [hearing.token_of(operations.ask(served(number), now=now).id) for number in (2, 3, 4)]
    hearing.answer(token=tokens[0], mark=1, word="I waited five hours.", may_call=False, now=now)
    hearing.answer(token=tokens[1], mark=2, word="", may_call=True, now=now)
    hearing.answer(token=tokens[2], mark=5, word="", may_call=True, now=now)
    without, reached = Conversation.objects.order_by("opened_at", "id")
    assert (without.phone, "five hours" in without.messages.get().text) == ("", True)
    assert reached.phone == "+254700000003"
    with pytest.raises(hearing.AnsweredBefore):
        hearing.answer(token=tokens[0], mark=5, word="", may_call=False, now=now)
    with pytest.raises(NotFound):
        hearing.answer(token="made-up", mark=5, word="", may_call=False, now=now)


def test_a_question_that_is_over_takes_no_answer_and_forgets_the_number(now):
    token = hearing.token_of(operations.ask(served(), now=now).id)
    later = now + timedelta(days=15)
    with pytest.raises(hearing.Over):
        hearing.answer(token=token, mark=5, word="", may_call=False, now=later)
    assert operations.forget(later) == 1
    assert Question.objects.get().phone == ""


@pytest.fixture
def staff(now):
    def get(role, body=None):
        email = f"{role}-{body}@example.org"
        account = identity.open_staff_account(
            actor=SYSTEM, email=email, password="a-long-password-for-tests", first_name=role, surname="Mfano", now=now
        )
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        return identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)

    return get


def give(numbers, mark, on, word=""):
    for number in numbers:
        token = hearing.token_of(operations.ask(served(number), now=on).id)
        hearing.answer(token=token, mark=mark, word=word, may_call=False, now=on)


def test_few_answers_show_nothing_and_enough_show_how_sure_they_are(staff, now):
    give(range(9), 5, now, "Good")
    day = timedelta(days=1)
    span = {"since": now.date(), "until": now.date() + 9 * day, "today": now.date() + day}
    actor = staff("secretariat")
    [row] = hearing.list_heard_for(actor, by="service_code", **span)
    assert (row.asked, row.answered, row.counted, row.mean, row.satisfied) == (9, 9, 0, None, None)
    assert hearing.list_words_for(actor, **span) == []
    give([9], 1, now)
    [row] = hearing.list_heard_for(actor, by="service_code", **span)
    assert (row.answered, row.counted, row.mean, row.satisfied.part) == (10, 10, 4.6, 0.9)
    assert 0.5 < row.satisfied.low < row.satisfied.part < row.satisfied.high < 1
    assert len(hearing.list_words_for(actor, **span)) == 9
    assert hearing.list_heard_for(staff("supervisor", "DCI"), by="service_code", **span) == []
    assert hearing.list_heard_for(staff("focal", "CRS"), by="channel", **span)[0].answered == 10
    with pytest.raises(NotPermitted):
        hearing.list_heard_for(staff("integrity"), by="service_code", **span)


def test_nobody_reckons_from_day_to_day_what_one_person_said(staff, now):
    """Whoever served one customer today, and knows the figures of yesterday, learns nothing of that one's mark or words."""
    actor, day = staff("secretariat"), timedelta(days=1)
    span = {"since": now.date(), "until": now.date() + 30 * day}
    give(range(10), 5, now, "Good")
    assert hearing.list_heard_for(actor, by="kind", today=now.date(), **span)[0].counted == 0
    shown = []
    for number in range(1, 11):
        give([10 + number], 1, now + number * day, "Bad")
        today = now.date() + (number + 1) * day
        [row] = hearing.list_heard_for(actor, by="kind", today=today, **span)
        words = hearing.list_words_for(actor, today=today, **span)
        shown.append((row.counted, row.mean, {one.word for one in words}))
    assert shown == [(10, 5.0, {"Good"})] * 9 + [(20, 3.0, {"Good", "Bad"})]


def test_a_settled_complaint_and_a_conversation_are_asked_about_and_a_report_never(staff, now, drain_jobs):
    agent = staff("agent")
    matter = contact.open_matter(
        actor=ANONYMOUS,
        kind="complaint",
        text="Nobody answers.",
        language="en",
        phone="0700000002",
        body_code="CRS",
        now=now,
    )
    contact.answer(
        actor=agent, matter_id=matter.id, outcome="upheld", text="The line was cut and it works again now.", now=now
    )
    contact.accept(actor=ANONYMOUS, reference=matter.reference, key=contact.key_of(matter.id), now=now)
    talk = inbox.write_from_web(actor=ANONYMOUS, text="When do you open?", language="en", phone="0700000003", now=now)
    inbox.wrap_up(actor=agent, conversation_id=talk.id, code="answered", now=now)
    report = contact.open_matter(
        actor=ANONYMOUS, kind="corruption", text="A bribe was asked.", language="en", phone="0700000004", now=now
    )
    contact.withdraw(actor=ANONYMOUS, reference=report.reference, key=contact.key_of(report.id), now=now)
    drain_jobs(until=timezone.now() + timedelta(days=1))
    assert sorted(Question.objects.values_list("kind", flat=True)) == ["conversation", "matter"]


def test_the_page_in_both_languages(client, now):
    token = hearing.token_of(operations.ask(served(), now=timezone.now()).id)
    assert "Ulihudumiwaje?" in client.get(f"/sw/how/{token}/").content.decode()
    missing = client.post(f"/en/how/{token}/", {"word": "It was slow."})
    assert (missing.status_code, b"It was slow." in missing.content) == (422, True)
    assert b"Thank you" in client.post(f"/en/how/{token}/", {"mark": "4", "word": "It was slow."}).content
    assert b"Thank you" in client.get(f"/en/how/{token}/").content
    assert b"answered this already" in client.post(f"/en/how/{token}/", {"mark": "1"}).content
    assert client.get("/en/how/made-up/").status_code == 404


def test_the_desk_shows_groups_with_their_interval(client, enter_desk, staff, now):
    give(range(10), 4, timezone.now())
    Question.objects.update(answered_on=timezone.localdate() - timedelta(days=1))
    actor = staff("secretariat")
    enter_desk(client, identity.Account.objects.get(id=actor.account_id))
    shown = client.get("/en/desk/heard/?by=channel").content.decode()
    assert "100% (between 72% and 100%)" in shown
    lines = client.get("/en/desk/heard/?by=channel&as=csv").content.decode("utf-8-sig").splitlines()
    assert lines[1] == "In person,10,10,10,4.0,1.0,0.722,1.0"
    assert client.get("/sw/desk/heard/?by=nothing&since=x").status_code == 200

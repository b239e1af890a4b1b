"""The queue: fair, never twice, never lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.centres import operations as centres
from huduma.contexts.centres import queries
from huduma.contexts.centres.models import Closure, Stop, Ticket
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotFound, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def arrive(centre):
    def make(now, **about):
        return centres.take_ticket(
            actor=ANONYMOUS, centre_code="HC01", ticket_id=ids.uuid7(), source="kiosk", now=now,
            **{"service_code": "police-clearance", **about},
        )  # fmt: skip

    return make


def test_first_come_first_served_but_for_what_the_policy_credits(arrive, clerk, now):
    first = arrive(now)
    expecting = arrive(now + 20 * MINUTE, priority="pregnant")
    second = arrive(now + MINUTE)
    late = arrive(now + 40 * MINUTE, priority="elderly")
    officer, called = clerk("neema", 1), []
    for _ in range(4):
        ticket = centres.call_next(actor=officer, now=now + 41 * MINUTE)
        centres.finish(actor=officer, ticket_id=ticket.id, outcome="done", now=now + 42 * MINUTE)
        called.append(ticket.number)
    assert called == [t.number for t in (expecting, first, second, late)]
    assert [first.number, second.number] == ["A001", "A003"]
    with pytest.raises(centres.NobodyWaits):
        centres.call_next(actor=officer, now=now)


def test_a_centre_may_credit_otherwise(arrive, clerk, centre, now):
    centres.change_centre(actor=SYSTEM, centre_code="HC01", changes={"credit_minutes": {"elderly": 0}}, now=now)
    first, _ = arrive(now), arrive(now + MINUTE, priority="elderly")
    assert centres.call_next(actor=clerk("neema", 1), now=now + MINUTE).id == first.id


def test_two_clicks_call_one_person(arrive, clerk, now):
    arrive(now), arrive(now)
    officer = clerk("neema", 1)
    assert centres.call_next(actor=officer, now=now).id == centres.call_next(actor=officer, now=now).id
    assert Ticket.objects.filter(state="waiting").count() == 1


def test_two_clicks_at_the_kiosk_give_one_ticket(centre, now):
    same = {"actor": ANONYMOUS, "centre_code": "HC01", "ticket_id": ids.uuid7(), "source": "kiosk", "now": now}
    assert centres.take_ticket(**same).number == centres.take_ticket(**same).number == "A001"


def test_only_those_who_can_serve_it_are_given_a_ticket(arrive, clerk, now):
    ticket, officer = arrive(now), clerk("neema", 1)
    workforce.grant_skill(actor=SYSTEM, account_id=officer.account_id, service_code="birth-cert-current", now=now)
    with pytest.raises(centres.NobodyWaits):
        centres.call_next(actor=officer, now=now)
    assert centres.call_next(actor=clerk("amani", 2), now=now).id == ticket.id


def test_the_journey_of_one_visit_goes_over_several_counters(arrive, clerk, centre, now):
    centres.set_offering(
        actor=SYSTEM,
        centre_code="HC01",
        service_code="police-clearance",
        journey=["triage", "photo", "cashier"],
        now=now,
    )
    for number, desk in enumerate(["triage", "photo", "cashier"], 1):
        centres.set_counter(actor=SYSTEM, centre_code="HC01", number=number, desks=[desk], now=now)
    ticket, at = arrive(now), now
    for name, number in (("neema", 1), ("amani", 2), ("baraka", 3)):
        officer, at = clerk(name, number), at + MINUTE
        assert centres.call_next(actor=officer, now=at).id == ticket.id
        centres.start_serving(actor=officer, ticket_id=ticket.id, now=at)
        ticket = centres.finish(actor=officer, ticket_id=ticket.id, outcome="done", now=at + MINUTE)
    assert (ticket.state, ticket.outcome) == ("done", "done")
    stops = Stop.objects.filter(ticket=ticket).order_by("ended_at")
    assert [(stop.desk, stop.outcome) for stop in stops] == [(d, "done") for d in ("triage", "photo", "cashier")]


def test_every_verb_of_the_counter(arrive, clerk, now):
    ticket, officer = arrive(now), clerk("neema", 1)
    verbs = {"actor": officer, "ticket_id": ticket.id, "now": now}
    assert centres.call_next(actor=officer, now=now).state == "called"
    assert centres.recall(**{**verbs, "now": now + MINUTE}).announced_at == now + MINUTE
    assert centres.start_serving(**verbs).state == "serving"
    assert centres.hold(**verbs).state == "held"
    with pytest.raises(centres.NobodyWaits):  # put aside, the counter is free for others
        centres.call_next(actor=officer, now=now)
    assert centres.resume(**verbs).state == "called"
    assert centres.put_back(**verbs).state == "waiting"
    assert centres.call_next(actor=officer, now=now).id == ticket.id
    assert centres.transfer(**verbs, desk="cashier").desk == "cashier"
    with pytest.raises(centres.TicketElsewhere):
        centres.finish(**verbs, outcome="done")
    centres.set_counter(actor=SYSTEM, centre_code="HC01", number=1, desks=["cashier"], now=now)
    centres.call_next(actor=officer, now=now)
    assert centres.mark_no_show(**verbs).outcome == "no-show"
    with pytest.raises(centres.TicketElsewhere):
        centres.recall(**verbs)
    acts = [entry.act.rsplit(".", 1)[1] for entry in journal.entries_concerning(ticket.id)][::-1]
    assert acts == [
        "taken", "called", "recalled", "served", "held", "recalled", "returned", "called", "forwarded", "called", "ended",
    ]  # fmt: skip


def test_a_colleague_cannot_touch_my_ticket(arrive, clerk, now):
    ticket, officer = arrive(now), clerk("neema", 1)
    centres.call_next(actor=officer, now=now)
    with pytest.raises(centres.TicketElsewhere):
        centres.finish(actor=clerk("amani", 2), ticket_id=ticket.id, outcome="done", now=now)
    with pytest.raises(centres.NotAtCounter):
        centres.finish(actor=clerk("baraka"), ticket_id=ticket.id, outcome="done", now=now)


def test_a_counter_has_one_officer_who_works_there(centre, clerk, arrive, now):
    officer, counter = clerk("neema", 1), centre.counters.get(number=1)
    with pytest.raises(centres.CounterTaken):
        centres.open_counter(actor=clerk("amani"), counter_id=counter.id, now=now)
    with pytest.raises(NotPermitted):
        centres.open_counter(actor=clerk("mgeni", posted=False), counter_id=counter.id, now=now)
    arrive(now)
    ticket = centres.call_next(actor=officer, now=now)
    with pytest.raises(centres.StillServing):
        centres.close_counter(actor=officer, now=now)
    centres.put_back(actor=officer, ticket_id=ticket.id, now=now)
    centres.close_counter(actor=officer, now=now)
    assert queries.queue.counter_of(officer) is None


def test_who_was_put_aside_waits_again_when_the_officer_leaves(arrive, clerk, now):
    ticket, officer = arrive(now), clerk("neema", 1)
    centres.call_next(actor=officer, now=now)
    centres.hold(actor=officer, ticket_id=ticket.id, now=now)
    later = arrive(now + MINUTE)
    centres.close_counter(actor=officer, now=now + MINUTE)
    colleague = clerk("amani", 1)
    assert centres.call_next(actor=colleague, now=now + 2 * MINUTE).id == ticket.id != later.id


def test_a_ticket_is_of_a_service_that_there_is_and_of_whoever_may_give_it(arrive, clerk, centre, now):
    ticket, officer, other = arrive(now), clerk("neema", 1), clerk("amani", 2)
    stranger = clerk("mgeni", posted=False)
    reception = {"centre_code": "HC01", "ticket_id": ids.uuid7(), "source": "reception", "now": now}
    for actor in (ANONYMOUS, stranger):
        with pytest.raises(NotPermitted):
            centres.take_ticket(actor=actor, **reception)
    unknown = {"service_code": "no-such-service", "now": now}
    centres.call_next(actor=officer, now=now)
    with pytest.raises(NotFound):
        arrive(**unknown)
    with pytest.raises(NotFound):
        centres.transfer(actor=officer, ticket_id=ticket.id, desk="cashier", **unknown)
    with pytest.raises(NotFound):
        centres.record_quick(actor=other, ticket_id=ids.uuid7(), outcome="done", **unknown)
    quick = {"ticket_id": ids.uuid7(), "service_code": "police-clearance", "outcome": "done", "now": now}
    assert centres.record_quick(actor=other, **quick).id == centres.record_quick(actor=other, **quick).id


def test_a_closed_centre_gives_no_ticket_but_reception_does(arrive, clerk, centre, monday, now):
    night = monday - timedelta(hours=3)
    with pytest.raises(centres.CentreShut):
        arrive(night)
    reception = {"centre_code": "HC01", "ticket_id": ids.uuid7(), "source": "reception", "now": night}
    assert centres.take_ticket(actor=clerk("neema"), **reception).number == "A001"
    with pytest.raises(NotFound):
        centres.take_ticket(
            actor=ANONYMOUS, centre_code="HC01", ticket_id=ids.uuid7(), source="kiosk", priority="vip", now=now
        )


def test_leaving_is_final_and_what_stays_open_ends_with_the_day(arrive, clerk, now):
    gone, stays = arrive(now), arrive(now)
    served = arrive(now)
    assert centres.leave_queue(actor=ANONYMOUS, ticket_id=gone.id, now=now).outcome == "left"
    officer = clerk("neema", 1)
    centres.call_next(actor=officer, now=now)
    with pytest.raises(centres.TicketElsewhere):
        centres.leave_queue(actor=ANONYMOUS, ticket_id=stays.id, now=now)
    centres.start_serving(actor=officer, ticket_id=stays.id, now=now)
    assert centres.close_day(now=now + timedelta(days=1)) == 2
    outcomes = dict(Ticket.objects.values_list("id", "outcome"))
    assert outcomes == {gone.id: "left", stays.id: "not-done", served.id: "left"}
    assert queries.queue.counter_of(officer) is None


def test_paper_numbers_are_entered_later(centre, clerk, now):
    officer = clerk("neema")
    block = centres.print_block(actor=officer, centre_code="HC01", now=now)
    assert (block.first, block.last) == (1, 60)
    assert centres.print_block(actor=officer, centre_code="HC01", now=now).first == 61
    entry = {"actor": officer, "centre_code": "HC01", "service_code": "police-clearance", "now": now}
    early = now - timedelta(minutes=50)
    colleague = clerk("amani", 2)
    times = {"arrived_at": early, "served_at": early + 10 * MINUTE, "ended_at": early + 15 * MINUTE}
    by = {"counter_id": centre.counters.get(number=2).id, "officer_id": colleague.account_id, "outcome": "not-done"}
    done = centres.catch_up(number="7", **times, **by, **entry)
    assert (done.number, done.state, done.outcome, done.source) == ("P007", "done", "not-done", "paper")
    assert centres.catch_up(number="p 7", **times, **by, **entry).id == done.id
    waits = centres.catch_up(number="p8", arrived_at=early, served_at=None, ended_at=None, **entry)
    assert (waits.number, waits.state, waits.rank_at) == ("P008", "waiting", early)
    hand = centres.catch_up(number="h7", arrived_at=early - timedelta(days=1), served_at=None, ended_at=None, **entry)
    assert (hand.number, hand.state) == ("H007", "left")
    with pytest.raises(centres.NumberTaken):
        centres.catch_up(number="8", arrived_at=early + MINUTE, served_at=None, ended_at=None, **entry)
    with pytest.raises(centres.NumberUnprinted):
        centres.catch_up(number="121", arrived_at=early, served_at=None, ended_at=None, **entry)
    with pytest.raises(ValueError, match="x9"):
        centres.catch_up(number="x9", arrived_at=early, served_at=None, ended_at=None, **entry)
    with pytest.raises(workforce.SpanBackwards):
        centres.catch_up(number="9", arrived_at=now + MINUTE, served_at=None, ended_at=None, **entry)
    with pytest.raises(NotFound):
        centres.catch_up(number="9", **times, **{**by, "officer_id": ids.uuid7()}, **entry)
    stop = Stop.objects.get(ticket=done)
    assert (stop.called_at - stop.waiting_since, stop.ended_at - stop.serving_at) == (10 * MINUTE, 5 * MINUTE)
    assert (stop.officer_id, stop.counter.number) == (colleague.account_id, 2)
    said = journal.entries_concerning(done.id, acts=["centres.ticket.entered"])
    assert [(one.at, one.facts["ended_at"]) for one in said] == [(now, times["ended_at"].isoformat())]


def test_a_ticket_of_the_system_that_was_served_on_paper_is_entered_with_the_true_times(arrive, centre, clerk, now):
    officer, colleague = clerk("neema"), clerk("amani", 2)
    ticket, waits = arrive(now), arrive(now)
    sheet = {
        "actor": officer, "centre_code": "HC01", "day": ticket.day, "served_at": now + 10 * MINUTE, "outcome": "done",
        "counter_id": centre.counters.get(number=2).id, "officer_id": colleague.account_id, "now": now + 60 * MINUTE,
    }  # fmt: skip
    for _ in range(2):  # the sheet is sent twice
        done = centres.catch_up_ticket(number="a 001", ended_at=now + 15 * MINUTE, **sheet)
    assert (done.id, done.state, done.outcome, done.ended_at) == (ticket.id, "done", "done", now + 15 * MINUTE)
    stop = Stop.objects.get()
    assert (stop.called_at - stop.waiting_since, stop.ended_at - stop.serving_at) == (10 * MINUTE, 5 * MINUTE)
    assert (stop.officer_id, stop.counter.number) == (colleague.account_id, 2)
    assert centres.call_next(actor=colleague, now=now + 61 * MINUTE).id == waits.id
    with pytest.raises(centres.NumberTaken):
        centres.catch_up_ticket(number="A001", ended_at=now + 16 * MINUTE, **sheet)
    for wrong, refusal in (
        ({"number": "A009"}, NotFound), ({"number": "A002", "officer_id": ids.uuid7()}, NotFound),
        ({"number": "A002", "served_at": now - MINUTE}, workforce.SpanBackwards),
        ({"number": "A002", "actor": clerk("mgeni", posted=False)}, NotPermitted),
    ):  # fmt: skip
        with pytest.raises(refusal):
            centres.catch_up_ticket(**{**sheet, "ended_at": now + 20 * MINUTE, **wrong})
    assert len(journal.entries_concerning(ticket.id, acts=["centres.ticket.entered"])) == 1


def test_the_board_shows_the_last_five_calls_and_no_name(arrive, clerk, now):
    officer = clerk("neema", 2)
    for minute in range(7):
        arrive(now)
        ticket = centres.call_next(actor=officer, now=now + minute * MINUTE)
        centres.finish(actor=officer, ticket_id=ticket.id, outcome="done", now=now + minute * MINUTE)
    arrive(now)
    board = queries.queue.board_of("HC01", now=now)
    assert [(call.number, call.counter) for call in board.calls] == [(f"A00{n}", 2) for n in (7, 6, 5, 4, 3)]
    assert board.waiting == 1


def test_who_is_near_the_turn_gets_one_sms(arrive, clerk, now, drain_jobs, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    from huduma.contexts.messages.models import Message

    [arrive(now) for _ in range(2)]
    arrive(now, phone="0712 345 678", language="en")
    far = arrive(now, phone="0712 345 679")
    for _ in range(4):
        far = arrive(now, phone="0712 345 679")
    officer = clerk("neema", 1)
    centres.call_next(actor=officer, now=now)
    from huduma.contexts.centres import tasks

    tasks.tell_ahead.func.__wrapped__(centre_code="HC01")
    tasks.tell_ahead.func.__wrapped__(centre_code="HC01")
    texts = list(Message.objects.order_by("created_at").values_list("recipient", "text"))
    assert texts[0] == (
        "+254712345678", "Huduma: ticket A003, your turn is near: 1 before you. Please come to the hall."
    )  # fmt: skip
    assert len(texts) == 3
    far.refresh_from_db()
    assert far.told_at is None


def test_the_wait_is_a_range_and_unknown_without_counters(arrive, clerk, now):
    tickets = [arrive(now) for _ in range(5)]
    assert queries.queue.place_of(tickets[4]).minutes is None
    clerk("neema", 1)
    place = queries.queue.place_of(tickets[4])
    assert place.ahead == 4
    low, high = place.minutes
    assert 20 <= low < 40 < high <= 75


def test_the_wall_counts_the_day_and_asks_for_counters(arrive, clerk, now):
    boss = clerk("neema", 1, role="supervisor")
    for _ in range(6):
        arrive(now)
    ticket = centres.call_next(actor=boss, now=now + 2 * MINUTE)
    centres.start_serving(actor=boss, ticket_id=ticket.id, now=now + 2 * MINUTE)
    centres.finish(actor=boss, ticket_id=ticket.id, outcome="done", now=now + 12 * MINUTE)
    wall = queries.queue.wall_for(boss, "HC01", now=now + 20 * MINUTE)
    assert (wall.served, wall.wait_median, wall.service_median) == (1, 120.0, 600.0)
    assert wall.now.longest_minutes == 20
    assert wall.now.is_late
    assert wall.to_open == 3  # five people of ten minutes each within a quarter of an hour need four counters
    assert wall.is_too_small  # of which there are three
    assert [(half.starts, half.came) for half in wall.halves] == [("10:00", 6)]
    with pytest.raises(NotPermitted):
        queries.queue.wall_for(clerk("mgeni", posted=False), "HC01", now=now)


def test_the_wall_asks_for_counters_before_those_expected_would_wait_too_long(arrive, clerk, now):
    """Twelve in half an hour, of ten minutes each, to be called within a quarter of an hour: one counter is two too few."""
    boss = clerk("neema", 1, role="supervisor")
    for week in (1, 2):
        for _ in range(12):
            arrive(now - week * timedelta(weeks=1))
    wall = queries.queue.wall_for(boss, "HC01", now=now)
    assert (wall.now.waiting, wall.now.counters_open, wall.coming) == (0, 1, 12.0)
    assert (wall.to_open, f"{timezone.localtime(wall.until):%H:%M}") == (2, "11:00")
    later = queries.queue.wall_for(boss, "HC01", now=now + 30 * MINUTE)
    assert (later.coming, later.to_open) == (0, 0)
    Closure.objects.create(
        centre_id="HC01", starts_at=now - 9 * HOUR, ends_at=now + 9 * HOUR, reason_en="x", reason_sw="x"
    )
    assert queries.queue.wall_for(boss, "HC01", now=now).coming == 0


def test_a_busy_day_raises_what_is_expected_of_the_rest_and_a_quiet_one_lowers_it(arrive, clerk, now):
    boss = clerk("neema", 1, role="supervisor")
    for half in (0, 30):
        for _ in range(12):
            arrive(now - timedelta(weeks=1) + half * MINUTE)
    later = now + 30 * MINUTE
    quiet = queries.queue.wall_for(boss, "HC01", now=later)
    assert (quiet.came, quiet.usual, quiet.coming) == (0, 12.0, 7.5)  # 12 × (0 + 20) / (12 + 20)
    for _ in range(28):
        arrive(now)
    busy = queries.queue.wall_for(boss, "HC01", now=later)
    assert (busy.came, busy.usual, busy.coming) == (28, 12.0, 18.0)  # 12 × (28 + 20) / (12 + 20)
    assert busy.to_open > quiet.to_open
    assert queries.queue.wall_for(boss, "HC01", now=now).usual == 0  # nobody is expected before they open


def test_service_times_are_learned_here_and_everywhere(arrive, clerk, centre, now):
    officer = clerk("neema", 1)
    assert queries.places.quartiles_of(centre, "police-clearance") == (300, 600, 900)
    for _ in range(20):
        arrive(now)
        ticket = centres.call_next(actor=officer, now=now)
        centres.start_serving(actor=officer, ticket_id=ticket.id, now=now)
        centres.finish(actor=officer, ticket_id=ticket.id, outcome="done", now=now + 3 * MINUTE)
    centres.learn_service_times(now=now + timedelta(hours=1))
    for code in ("police-clearance", ""):
        assert queries.places.quartiles_of(centre, code) == (180, 180, 180)
        assert queries.places.quartiles_of(None, code) == (180, 180, 180)

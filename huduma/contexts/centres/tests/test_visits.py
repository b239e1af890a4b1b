"""Appointments: room is never sold twice, people are reminded, and nobody is moved without saying yes."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from huduma.contexts.centres import operations as centres
from huduma.contexts.centres import queries, rules, tasks
from huduma.contexts.centres.models import Appointment, Ticket, Waiter
from huduma.contexts.centres.queries.visits import Wish
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Person
from huduma.contexts.messages.models import Message
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids, references
from huduma.foundation.access import ANONYMOUS, SYSTEM, Grant, NotFound, NotPermitted
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
WISH = Wish(("police-clearance",))


@pytest.fixture
def at(monkeypatch):
    """Sets the clock of jobs."""
    return lambda moment: monkeypatch.setattr("django.utils.timezone.now", lambda: moment)


def run_handlers():
    """Deliver journal entries to their handlers, without handing messages to a company."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'succeeded' WHERE status = 'todo' AND task_name = 'journal.deliver'"
            " RETURNING id, args"
        )
        rows = sorted(cursor.fetchall(), key=lambda row: row[0])
    for _, arguments in rows:
        arguments = arguments if isinstance(arguments, dict) else json.loads(arguments)
        app.tasks["journal.deliver"].func.__wrapped__(**arguments)


@pytest.fixture
def sms():
    """Delivers what is due and returns the texts to a person, oldest first."""

    def texts(person_id):
        run_handlers()
        phone = identity.contact_of(person_id).phone
        return list(Message.objects.filter(recipient=phone).order_by("created_at", "id").values_list("text", flat=True))

    return texts


@pytest.fixture
def book(centre, citizen, monday, now):
    people = iter(range(1, 1000))

    def make(start=monday, wish=WISH, actor=None, **about):
        actor = actor or citizen(next(people))
        return centres.book_appointment(
            actor=actor, centre_code="HC01", wish=wish, starts_at=start, now=about.pop("now", now), **about
        )

    return make


@pytest.fixture
def full_hour(book, centre, monday, now):
    """Every visit of a day on which the centre is open for one hour."""
    centre.hours = [[["08:00", "09:00"]]] * 5 + [[], []]
    centre.save()
    return [book(start) for start in free(centre, monday.date(), now)]


def free(centre, day, now, wish=WISH):
    return [room.starts_at for room in queries.visits.free_rooms(centre, day, wish, now=now)]


def test_walk_ins_keep_their_share(book, centre, monday, now):
    """Of three counters, forty per cent stay free for walk-ins, so one can be promised; with a third, two can."""
    book()
    with pytest.raises(centres.SlotTaken):
        book()
    centres.change_centre(actor=SYSTEM, centre_code="HC01", changes={"walk_in_percent": 33}, now=now)
    assert book().lane == 1
    with pytest.raises(centres.SlotTaken):
        book()


def test_the_database_refuses_what_goes_round_the_lock(book, monday):
    taken = book()
    clone = Appointment.objects.get(id=taken.id)
    clone.id, clone.reference = ids.uuid7(), references.mint("HV")
    with pytest.raises(IntegrityError, match="centres_one_visit_in_a_lane"), transaction.atomic():
        clone.save(force_insert=True)
    clone.starts_at, clone.ends_at = taken.ends_at, taken.ends_at + 10 * MINUTE
    clone.save(force_insert=True)


def test_a_visit_ends_before_closing_and_not_at_a_weekend_or_holiday(centre, monday, now):
    starts = free(centre, monday.date(), now)
    assert starts[0] == monday
    assert starts[-1] == monday + timedelta(hours=8, minutes=50)
    family = Wish(("police-clearance", "birth-cert-current"), people=3)  # six times ten minutes
    assert free(centre, monday.date(), now, family)[-1] == monday + timedelta(hours=8)
    assert free(centre, date(2026, 12, 5), now) == []
    assert free(centre, date(2026, 12, 12), now + timedelta(days=9)) == []  # Jamhuri Day
    assert free(centre, date(2027, 1, 4), now) == []  # more than thirty days ahead


def test_notice_is_kept(book, centre, monday, now):
    assert free(centre, monday.date(), monday + timedelta(hours=1))[0] == monday + timedelta(hours=3)
    with pytest.raises(centres.SlotTaken):
        book(monday, now=monday - timedelta(hours=1))


def test_long_hours_are_those_of_the_counters_that_have_them(centre, monday, now):
    centre.long_hours = [[["07:00", "19:00"]]] * 5 + [[], []]
    centre.save()
    centres.set_counter(actor=SYSTEM, centre_code="HC01", number=1, desks=["service"], has_long_hours=True, now=now)
    starts = free(centre, monday.date(), now)
    assert (starts[0], starts[-1]) == (monday - timedelta(hours=1), monday + timedelta(hours=10, minutes=50))


def test_only_rostered_officers_with_the_skill_are_promised(book, clerk, centre, monday, now):
    specialist, other = clerk("neema"), clerk("amani")
    for officer in (specialist, other):
        workforce.plan_shift(
            actor=SYSTEM, account_id=officer.account_id, place_code="HC01", starts_at=monday,
            ends_at=monday + timedelta(hours=4), now=now,
        )  # fmt: skip
    for officer, code in ((specialist, "police-clearance"), (other, "birth-cert-current")):
        workforce.grant_skill(actor=SYSTEM, account_id=officer.account_id, service_code=code, now=now)
    centre.walk_in_percent = 0
    centre.save()
    assert book().officer_id == specialist.account_id
    with pytest.raises(centres.SlotTaken):
        book()
    assert book(wish=Wish(("birth-cert-current",))).officer_id == other.account_id
    assert free(centre, monday.date(), now)[-1] == monday + timedelta(hours=3, minutes=50)
    with pytest.raises(centres.SlotTaken):  # nobody can do both in one visit
        book(monday + timedelta(hours=1), Wish(("police-clearance", "birth-cert-current")))


def test_the_same_click_twice_is_one_visit_and_five_are_enough(book, citizen, monday):
    me = citizen(900)
    assert book(actor=me).id == book(actor=me).id
    for n in range(1, 5):
        book(monday + n * timedelta(hours=1), actor=me)
    with pytest.raises(centres.TooManyBooked):
        book(monday + timedelta(hours=6), actor=me)


def test_one_application_has_one_appointment(book, citizen, monday):
    me, case_id = citizen(900), ids.uuid7()
    book(actor=me, case_id=case_id)
    with pytest.raises(centres.BookedAlready):
        book(monday + timedelta(hours=1), actor=me, case_id=case_id)


def test_strangers_see_and_touch_nothing(book, citizen, clerk, monday, now):
    visit, stranger = book(), citizen(900)
    for actor in (stranger, ANONYMOUS, clerk("mgeni", posted=False)):
        with pytest.raises(NotFound):
            centres.cancel_appointment(actor=actor, appointment_id=visit.id, now=now)
    assert queries.visits.get_appointment_for(clerk("neema"), visit.id).id == visit.id
    with pytest.raises(identity.NotProven):
        book(actor=ANONYMOUS)
    with pytest.raises(NotPermitted):
        queries.visits.list_day_for(stranger, "HC01", monday.date())


def test_moving_frees_the_old_place(book, centre, citizen, monday, now):
    me = citizen(900)
    visit = book(actor=me)
    assert monday not in free(centre, monday.date(), now)
    later = monday + timedelta(hours=2)
    moved = centres.move_appointment(actor=me, appointment_id=visit.id, starts_at=later, now=now)
    assert (moved.id, moved.starts_at) == (visit.id, later)
    assert monday in free(centre, monday.date(), now)
    book(monday)
    with pytest.raises(centres.SlotTaken):
        centres.move_appointment(actor=me, appointment_id=visit.id, starts_at=monday, now=now)


def test_a_freed_place_goes_to_the_first_in_the_list_for_half_an_hour(full_hour, book, citizen, monday, now, sms):
    visits = full_hour
    first, second = citizen(901), citizen(902)
    for minute, person in enumerate((first, second)):
        centres.join_waiting_list(
            actor=person, centre_code="HC01", wish=WISH, until_on=monday.date(), now=now + minute * MINUTE
        )
    with pytest.raises(centres.WaitsAlready):
        centres.join_waiting_list(actor=first, centre_code="HC01", wish=WISH, until_on=monday.date(), now=now)
    centres.cancel_appointment(actor=SYSTEM, appointment_id=visits[5].id, now=now)
    offer = Appointment.objects.get(state="offered")
    assert (offer.person_id, offer.starts_at) == (first.person_id, visits[5].starts_at)
    with pytest.raises(centres.SlotTaken):  # nobody else can take it meanwhile
        book(visits[5].starts_at)
    assert "a place is free on Monday 30 November" in sms(first.person_id)[-1]
    assert centres.lapse_offers(now=now + 31 * MINUTE) == 1
    offer = Appointment.objects.get(state="offered")
    assert offer.person_id == second.person_id
    with pytest.raises(centres.OfferEnded):
        centres.confirm_appointment(actor=second, appointment_id=offer.id, now=now + 90 * MINUTE)
    taken = centres.confirm_appointment(actor=second, appointment_id=offer.id, now=now + 40 * MINUTE)
    assert taken.state == "booked"
    assert list(Waiter.objects.order_by("asked_at").values_list("state", flat=True)) == ["left", "served"]


def test_those_whom_a_freed_place_does_not_suit_hold_nobody_up(
    full_hour, centre, citizen, monday, now, django_assert_max_num_queries
):
    family = {"centre": centre, "services": list(WISH.services), "people": 9, "until_on": monday.date()}
    names = {"surname": "Mfano", "first_name": "Asha", "verified_by": "iprs", "verified_at": now, "registered_at": now}
    people = Person.objects.bulk_create(Person(id_number=f"8{n:07}", **names) for n in range(30))
    Waiter.objects.bulk_create(Waiter(person=one, asked_at=now, **family) for one in people)
    last = citizen(901)
    join = {"actor": last, "centre_code": "HC01", "until_on": monday.date(), "now": now + MINUTE}
    for wish in (Wish(("no-such-service",)), Wish(()), replace(WISH, people=21), replace(WISH, medium="pigeon")):
        with pytest.raises(centres.NotOffered):
            centres.join_waiting_list(wish=wish, **join)
    centres.join_waiting_list(wish=WISH, **join)
    with django_assert_max_num_queries(40):  # by wish, not by the length of the list
        centres.cancel_appointment(actor=SYSTEM, appointment_id=full_hour[5].id, now=now)
    assert Appointment.objects.get(state="offered").person_id == last.person_id


def test_an_earlier_time_that_is_taken_gives_the_later_one_up(book, centre, citizen, monday, now):
    me, case_id = citizen(900), ids.uuid7()
    visits = [book(start) for start in free(centre, monday.date(), now)[:3]]
    later = book(visits[2].ends_at, actor=me, case_id=case_id)
    sooner = book(visits[2].ends_at + 10 * MINUTE)
    centres.join_waiting_list(
        actor=me, centre_code="HC01", wish=WISH, until_on=monday.date(), case_id=case_id, now=now
    )  # fmt: skip
    centres.cancel_appointment(actor=SYSTEM, appointment_id=sooner.id, now=now)
    assert not Appointment.objects.filter(state="offered").exists()  # that one would be later
    centres.cancel_appointment(actor=SYSTEM, appointment_id=visits[0].id, now=now)
    offer = Appointment.objects.get(state="offered")
    centres.confirm_appointment(actor=me, appointment_id=offer.id, now=now)
    assert dict(Appointment.objects.filter(case_id=case_id).values_list("id", "state")) == {
        offer.id: "booked", later.id: "cancelled",
    }  # fmt: skip


def test_reminders_go_three_days_and_one_day_before_once(book, citizen, monday, now, at, sms):
    me = citizen(900)
    visit = book(actor=me)
    for days, texts in ((4, 1), (3, 2), (2.5, 2), (1, 3), (0.9, 3)):
        at(monday - timedelta(days=days))
        tasks.remind.func.__wrapped__(0)
        assert len(sms(me.person_id)) == texts, days
    text = sms(me.person_id)[-1]
    assert text.startswith("Huduma: you are expected on Monday 30 November, 08:00 at Huduma Centre Mfano")
    assert references.display(visit.reference) in text
    reference, token = re.search(r"/v/(\w+)/(\w+)/", text).groups()
    found, reader = queries.visits.open_link(reference, token)
    centres.confirm_appointment(actor=reader, appointment_id=found.id, now=now)
    centres.cancel_appointment(actor=reader, appointment_id=found.id, now=now)
    with pytest.raises(NotFound):
        queries.visits.open_link(reference, "0" * 16)


def test_a_closure_apologises_and_keeps_another_time_until_a_yes(book, citizen, centre, monday, now, sms):
    me = citizen(900)
    visit = book(monday + timedelta(hours=1), actor=me)
    other = book(monday + timedelta(days=1))
    reason = {"en": "the building has no water", "sw": "jengo halina maji"}
    centres.close_centre(
        actor=SYSTEM, centre_code="HC01", starts_at=monday, ends_at=monday + timedelta(hours=9), reason=reason, now=now
    )
    visit.refresh_from_db()
    offer = Appointment.objects.get(replaces=visit)
    assert (visit.state, offer.state) == ("displaced", "offered")
    text = sms(me.person_id)[-1]
    assert "we are sorry" in text
    assert "the building has no water" in text
    assert monday not in free(centre, monday.date(), now)
    assert centres.confirm_appointment(actor=me, appointment_id=offer.id, now=now).state == "booked"
    other.refresh_from_db()
    assert other.state == "booked"
    with pytest.raises(centres.ClosedAlready):
        centres.close_centre(
            actor=SYSTEM, centre_code="HC01", starts_at=monday, ends_at=monday + MINUTE, reason=reason, now=now
        )


@pytest.fixture
def displaced(book, citizen, centre, monday, now):
    """A visit of Monday that a closure took, and the time that is kept instead."""
    me = citizen(900)
    visit = book(actor=me, case_id=ids.uuid7())
    close(monday, now)
    visit.refresh_from_db()
    return me, visit, Appointment.objects.get(replaces=visit)


def close(start, now):
    centres.close_centre(
        actor=SYSTEM, centre_code="HC01", starts_at=start, ends_at=start + timedelta(hours=9),
        reason={"en": "no water", "sw": "hakuna maji"}, now=now,
    )  # fmt: skip


def test_whom_the_kept_time_does_not_suit_chooses_another(displaced, citizen, monday, now):
    me, visit, kept = displaced
    waits = citizen(901)
    centres.join_waiting_list(
        actor=waits, centre_code="HC01", wish=WISH, until_on=kept.starts_at.date(), now=now
    )  # fmt: skip
    centres.move_appointment(actor=me, appointment_id=visit.id, starts_at=monday + timedelta(days=2), now=now)
    kept.refresh_from_db()
    visit.refresh_from_db()
    assert (visit.state, kept.state) == ("booked", "lapsed")
    freed = Appointment.objects.get(person_id=waits.person_id)  # the kept time goes to who waits
    assert (freed.state, freed.starts_at) == ("offered", kept.starts_at)
    with pytest.raises(centres.HasAnother):  # the old link of the kept time does not make a second visit
        centres.move_appointment(actor=me, appointment_id=kept.id, starts_at=monday + timedelta(days=3), now=now)


def test_who_took_the_kept_time_does_not_revive_the_old_visit(displaced, monday, now):
    me, visit, kept = displaced
    centres.confirm_appointment(actor=me, appointment_id=kept.id, now=now)
    with pytest.raises(centres.HasAnother):
        centres.move_appointment(actor=me, appointment_id=visit.id, starts_at=monday + timedelta(days=3), now=now)
    assert queries.visits.instead_of(visit, now=now).id == kept.id
    close(timezone.localtime(kept.starts_at).replace(hour=8, minute=0), now)  # the second time cannot be kept either
    again = Appointment.objects.get(replaces=visit, state="offered")
    assert queries.visits.instead_of(visit, now=now).id == again.id
    centres.cancel_appointment(actor=me, appointment_id=visit.id, now=now)  # and with it what is kept instead
    assert sorted(Appointment.objects.values_list("state", flat=True)) == ["cancelled", "displaced", "lapsed"]


def test_whose_kept_time_ended_still_chooses_another(displaced, monday, now):
    me, visit, kept = displaced
    later = now + timedelta(hours=49)
    assert centres.lapse_offers(now=later) == 1
    with pytest.raises(centres.OfferEnded):
        centres.confirm_appointment(actor=me, appointment_id=kept.id, now=later)
    chosen = monday + timedelta(days=2)
    for _ in range(2):  # a double click
        moved = centres.move_appointment(actor=me, appointment_id=kept.id, starts_at=chosen, now=later)
    assert (moved.id, moved.state, moved.starts_at) == (kept.id, "booked", chosen)
    with pytest.raises(centres.HasAnother):
        centres.move_appointment(actor=me, appointment_id=visit.id, starts_at=monday + timedelta(days=3), now=later)


def test_what_is_over_is_not_changed_any_more(book, citizen, monday, now):
    me = citizen(900)
    visit = book(actor=me, wish=replace(WISH, medium="phone"))  # of which nobody says by itself that it was missed
    about = {"actor": me, "appointment_id": visit.id}
    begun, over = visit.starts_at + MINUTE, visit.ends_at
    centres.confirm_appointment(**about, now=begun)
    for verb in (centres.confirm_appointment, centres.cancel_appointment):
        with pytest.raises(centres.TooLate):
            verb(**about, now=over)
    for at in (begun, over):
        with pytest.raises(centres.TooLate):
            centres.move_appointment(**about, starts_at=monday + timedelta(days=1), now=at)
    centres.cancel_appointment(**about, now=begun)
    with pytest.raises(centres.OfferEnded):  # another tab, in which it was not cancelled
        centres.confirm_appointment(**about, now=begun)


def test_a_link_opens_its_visit_until_a_month_after_it(book, monday, at):
    visit = book()
    reference, token = re.search(r"/v/(\w+)/(\w+)/", queries.visits.link_of(visit, "en")).groups()
    at(visit.ends_at + timedelta(days=30))
    found, reader = queries.visits.open_link(reference, token)
    assert (found.id, reader.on_behalf_of, reader.person_id) == (visit.id, visit.person_id, None)
    at(visit.ends_at + timedelta(days=30, minutes=1))
    with pytest.raises(NotFound):
        queries.visits.open_link(reference, token)


def test_a_colleague_takes_over_or_the_visit_is_offered_anew(book, clerk, citizen, centre, monday, now):
    first, second = clerk("neema"), clerk("amani")
    centre.walk_in_percent = 0
    centre.save()
    for officer in (first, second):
        for day in (0, 1):
            start = monday + timedelta(days=day)
            workforce.plan_shift(
                actor=SYSTEM, account_id=officer.account_id, place_code="HC01", starts_at=start,
                ends_at=start + timedelta(hours=1), now=now,
            )  # fmt: skip
    visits = [book(), book(), book(monday + 10 * MINUTE)]
    away = {visit.officer_id for visit in visits[:1]}.pop()
    workforce.record_absence(
        actor=SYSTEM, account_id=away, place_code="HC01", starts_at=monday, ends_at=monday + timedelta(hours=1), now=now
    )
    run_handlers()
    states = {v.id: (v.state, v.officer_id) for v in Appointment.objects.filter(id__in=[v.id for v in visits])}
    stays = ({first.account_id, second.account_id} - {away}).pop()
    assert sorted(states.values()) == sorted([("displaced", away), ("booked", stays), ("booked", stays)])
    assert Appointment.objects.get(replaces=visits[0]).starts_at >= monday + 20 * MINUTE


def test_a_cancelled_shift_is_seen_to_like_an_absence(book, clerk, citizen, centre, monday, now, sms):
    officer, me = clerk("neema"), citizen(900)
    centre.walk_in_percent = 0
    centre.save()
    shifts = [
        workforce.plan_shift(
            actor=SYSTEM, account_id=officer.account_id, place_code="HC01", starts_at=start, ends_at=start + timedelta(hours=1), now=now
        )
        for start in (monday, monday + timedelta(days=1))
    ]  # fmt: skip
    visit = book(actor=me)
    assert queries.visits.count_with_officer(officer.account_id, monday, monday + timedelta(hours=1)) == 1
    workforce.cancel_shift(actor=SYSTEM, shift_id=shifts[0].id, why="away", now=now)
    run_handlers()  # the visit is displaced, which its holder then hears of
    assert "we are sorry" in sms(me.person_id)[-1]
    visit.refresh_from_db()
    assert visit.state == "displaced"
    assert Appointment.objects.get(replaces=visit).starts_at == monday + timedelta(days=1)
    assert free(centre, monday.date(), now) == []


def test_new_hours_or_a_holiday_offer_other_times_to_those_shut_out(book, citizen, centre, monday, now, sms):
    early, late, tomorrow = citizen(900), citizen(901), citizen(902)
    visits = [
        book(monday, actor=early),
        book(monday + timedelta(hours=4), actor=late),
        book(monday + timedelta(days=1), actor=tomorrow),
    ]
    hours = [[["10:00", "17:00"]], *[[["08:00", "17:00"]]] * 4, [], []]
    centres.change_centre(actor=SYSTEM, centre_code="HC01", changes={"hours": hours}, now=now)
    assert "new opening hours" in sms(early.person_id)[-1]
    states = dict(Appointment.objects.values_list("id", "state"))
    assert [states[visit.id] for visit in visits] == ["displaced", "booked", "booked"]
    administrator = replace(SYSTEM, grants=frozenset({Grant("administrator")}))
    worktime.set_special_day(
        actor=administrator, day=(monday + timedelta(days=1)).date(), is_working=False, reason="Gazette", now=now
    )
    run_handlers()
    assert "closed on that day" in sms(tomorrow.person_id)[-1]
    visits[1].refresh_from_db()
    assert visits[1].state == "booked"


def test_when_it_opens_after_all_the_old_time_is_offered_again(displaced, book, clerk, centre, monday, now, sms):
    me, visit, kept = displaced
    closure = centre.closures.get()
    for actor, refusal in (
        (clerk("neema"), NotPermitted),
        (clerk("mgeni", role="supervisor", posted=False), NotPermitted),
    ):
        with pytest.raises(refusal):
            centres.reopen_centre(actor=actor, closure_id=closure.id, now=now)
    boss = clerk("mkuu", role="supervisor")
    assert centres.reopen_centre(actor=boss, closure_id=closure.id, now=now) == 1
    with pytest.raises(NotFound):  # a double click
        centres.reopen_centre(actor=boss, closure_id=closure.id, now=now)
    visit.refresh_from_db()
    assert (visit.state, visit.starts_at) == ("offered", monday)
    assert "a place is free on Monday 30 November" in sms(me.person_id)[-1]
    centres.confirm_appointment(actor=me, appointment_id=visit.id, now=now)
    kept.refresh_from_db()
    visit.refresh_from_db()
    assert (visit.state, kept.state) == ("booked", "lapsed")


def test_who_took_another_time_keeps_it_when_it_opens_after_all(displaced, citizen, centre, monday, now):
    me, _, kept = displaced
    centres.confirm_appointment(actor=me, appointment_id=kept.id, now=now)
    closure = centre.closures.get()
    begun = monday + timedelta(hours=1)
    assert centres.reopen_centre(actor=SYSTEM, closure_id=closure.id, now=begun) == 0
    closure.refresh_from_db()
    assert closure.ends_at == begun  # it was shut until then
    assert centres.reopen_centre(actor=SYSTEM, closure_id=closure.id, now=begun) == 0
    assert sorted(Appointment.objects.values_list("state", flat=True)) == ["booked", "displaced"]


def test_a_service_that_falls_away_on_a_day_offers_another_time(book, centre, monday, now):
    stays = book(monday + timedelta(days=1))
    goes = book(monday)
    offer = {"actor": SYSTEM, "centre_code": "HC01", "service_code": "police-clearance", "now": now}
    centres.set_offering(**offer, weekdays=[1, 2])
    states = dict(Appointment.objects.values_list("id", "state"))
    assert (states[stays.id], states[goes.id]) == ("booked", "displaced")
    assert Appointment.objects.get(replaces=goes).starts_at.weekday() == 1
    centres.drop_offering(**offer)
    centres.drop_offering(**offer)
    assert monday in free(centre, monday.date(), now)  # its charter says that every centre serves it
    for wrong in ({"weekdays": [7]}, {"journey": ["kitchen"]}):
        with pytest.raises(centres.NoSuchSetting):
            centres.set_offering(**offer, **wrong)
    with pytest.raises(NotFound):
        centres.set_offering(**{**offer, "service_code": "no-such-service"})


@pytest.mark.parametrize(
    "hours",
    [
        [], [[["08:00", "17:00"]]] * 6, [[["17:00", "08:00"]]] * 7, [[["08:00", "13:00"], ["12:00", "17:00"]]] * 7,
        [[["8", "17:00"]]] * 7, [[["08:00"]]] * 7, ["08:00"] * 7, [[["08:00", None]]] * 7,
    ],
)  # fmt: skip
def test_hours_that_are_no_week_are_refused(centre, hours, now):
    with pytest.raises(centres.UnclearHours):
        centres.change_centre(actor=SYSTEM, centre_code="HC01", changes={"hours": hours}, now=now)


def test_hours_are_read_as_managers_write_them():
    assert rules.read_periods("8:00 - 13:00; 14:00–17:00") == [["08:00", "13:00"], ["14:00", "17:00"]]
    assert rules.read_periods(" ") == []
    for wrong in ("8-17", "08:00", "08:00-09:00-10:00", "25:00-26:00"):
        with pytest.raises(ValueError):  # noqa: PT011 -- whatever it says, the page has its own words
            rules.read_periods(wrong)


def test_an_offer_that_ended_is_told_of_by_whoever_takes_its_place(full_hour, book, citizen, monday, now):
    visits = full_hour
    waits = citizen(901)
    centres.join_waiting_list(actor=waits, centre_code="HC01", wish=WISH, until_on=monday.date(), now=now)
    centres.cancel_appointment(actor=SYSTEM, appointment_id=visits[5].id, now=now)
    offer = Appointment.objects.get(state="offered")
    assert book(visits[5].starts_at, now=offer.offered_until).state == "booked"  # before the job came by
    offer.refresh_from_db()
    assert (offer.state, Waiter.objects.get().state) == ("lapsed", "left")
    assert journal.entries_concerning(offer.id, acts=["centres.appointment.lapsed"])
    centres.join_waiting_list(actor=waits, centre_code="HC01", wish=WISH, until_on=monday.date(), now=now)


def test_who_does_not_come_has_missed_it_and_who_comes_is_attended(book, clerk, monday, now):
    case_id = ids.uuid7()
    came, missed = book(case_id=case_id), book(monday + timedelta(hours=1))
    with pytest.raises(centres.NotToday):
        centres.check_in(actor=ANONYMOUS, appointment_id=came.id, ticket_id=ids.uuid7(), source="kiosk", now=now)
    early = monday - 20 * MINUTE
    officer = clerk("neema", 1)
    walk_in = centres.take_ticket(
        actor=officer, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", now=early,
        service_code="police-clearance",
    )  # fmt: skip
    arrival = {"actor": ANONYMOUS, "appointment_id": came.id, "source": "kiosk", "now": monday - 10 * MINUTE}
    ticket = centres.check_in(ticket_id=ids.uuid7(), **arrival)
    assert centres.check_in(ticket_id=ids.uuid7(), **arrival).id == ticket.id
    assert (ticket.priority, ticket.case_id) == ("appointment", case_id)
    assert centres.call_next(actor=officer, now=monday).id == ticket.id != walk_in.id
    centres.finish(actor=officer, ticket_id=ticket.id, outcome="done", now=monday + 5 * MINUTE)
    assert centres.miss_appointments(now=monday + timedelta(hours=1, minutes=20)) == 0
    assert centres.miss_appointments(now=monday + timedelta(hours=1, minutes=31)) == 1
    assert dict(Appointment.objects.values_list("id", "state")) == {came.id: "attended", missed.id: "missed"}
    acts = [entry.act for entry in journal.entries_concerning(case_id)]
    assert "centres.appointment.attended" in acts
    assert Ticket.objects.count() == 2


def test_a_visit_by_phone_is_recorded_by_the_officer(book, clerk, monday, now, settings):
    visit = book(wish=Wish(("police-clearance",), medium="phone"))
    with pytest.raises(centres.NotOffered):
        book(wish=Wish(("police-clearance",), medium="video"))
    settings.VIDEO_URL = "https://video.example"
    book(monday + timedelta(hours=1), wish=Wish(("police-clearance",), medium="video"))
    assert centres.miss_appointments(now=monday + timedelta(hours=9)) == 0
    done = centres.record_attendance(actor=clerk("neema"), appointment_id=visit.id, attended=True, now=monday)
    assert done.state == "attended"


def test_the_feed_of_a_person_opens_with_its_own_secret_only(book, citizen, monday, now, at):
    me = citizen(900)
    visit = book(actor=me)
    at(now)
    token = queries.visits.feed_token(me.person_id)
    assert [found.id for found in queries.visits.open_feed(token)] == [visit.id]
    for wrong in (token[:-1] + "x", "x", f"{ids.uuid7().hex}-{token[33:]}"):
        with pytest.raises(NotFound):
            queries.visits.open_feed(wrong)

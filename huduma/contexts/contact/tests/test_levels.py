"""A matter climbs, is answered, rejected, settled or taken outside; each level sees all of it, and nobody else does."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from huduma.contexts.centres.models import Centre, Ticket
from huduma.contexts.contact import public as contact
from huduma.contexts.contact import rules
from huduma.contexts.contact.models import Matter
from huduma.contexts.messages.models import Message
from huduma.contexts.payments import public as payments
from huduma.foundation import ids
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotFound, NotPermitted
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

REASON = "The certificate was printed with a wrong name; a new one is on its way."


@pytest.fixture
def complain(customer, now):
    """Makes a complaint of the customer about the civil registry."""

    def make(**more):
        facts = {"kind": "complaint", "text": "Nobody answers the phone.", "language": "sw", "body_code": "CRS", **more}
        return contact.open_matter(actor=customer, now=now, **facts)

    return make


def test_it_is_acknowledged_at_once_in_the_customers_language(complain, drain_jobs):
    matter = complain()
    drain_jobs()
    told = Message.objects.get(kind="contact.matter.opened")
    assert told.recipient == "+254700000002"
    assert "tumepokea" in told.text
    assert contact.key_of(matter.id) in told.text


def test_nobody_answers_so_it_climbs_by_clock_and_says_so(complain, staff, now, drain_jobs):
    matter = complain()
    assert matter.level == 1
    assert contact.sweep(matter.due_at) == 0  # the last second still counts
    levels = []
    for _ in range(3):
        matter.refresh_from_db()
        assert contact.sweep(matter.due_at + timedelta(seconds=1)) == 1
        matter.refresh_from_db()
        drain_jobs()
        levels.append((matter.level, matter.overdue_told_at is not None))
    assert levels == [(2, False), (3, False), (3, True)]
    assert contact.sweep(matter.due_at + timedelta(days=9)) == 0  # told once
    assert contact.may_go_outside(matter)
    assert Message.objects.filter(kind="contact.matter.escalated", medium="sms").count() == 2
    to_staff = set(Message.objects.filter(kind="contact.work").values_list("recipient", flat=True))
    assert to_staff == {"focal1@example.org", "accounting_officer2@example.org", "secretariat4@example.org"}
    climbed = [e for e in contact.history_of(matter) if e.act == "contact.matter.escalated"]
    assert [(e.facts["level"], e.facts["how"]) for e in climbed] == [(2, "clock"), (3, "clock")]


def test_another_kind_has_its_own_time_and_the_customer_is_told(complain, staff, now, drain_jobs):
    slow = complain(kind="information", is_urgent=True)
    contact.route(actor=staff("focal", "CRS"), matter_id=slow.id, body_code="DCI", reason="Theirs.", now=now)
    urgent = slow.due_at
    slow.refresh_from_db()
    assert slow.due_at == urgent  # another body has no more time than the first
    contact.route(
        actor=staff("focal", "DCI"), matter_id=slow.id, body_code="DCI", kind="dispute", reason="It is one.", now=now + timedelta(days=1),
    )  # fmt: skip
    slow.refresh_from_db()
    assert (slow.due_at, slow.is_urgent) == (
        worktime.deadline(now, 21, "days"),
        False,
    )  # since it came, not since it was read
    inquiry = complain(kind="inquiry")
    contact.route(
        actor=staff("agent"),
        matter_id=inquiry.id,
        body_code="CRS",
        kind="information",
        reason="It asks for records.",
        now=now,
    )
    inquiry.refresh_from_db()
    assert (inquiry.level, inquiry.due_at) == (2, worktime.deadline(now, 21, "days"))
    drain_jobs()
    told = Message.objects.filter(kind="contact.matter.routed", medium="sms")
    assert (told.count(), all("sasa" in one.text for one in told)) == (3, True)


def test_only_the_level_where_it_is_works_on_it_and_the_others_read(complain, staff, now):
    matter = complain()
    focal, agent, other = staff("focal", "CRS"), staff("agent"), staff("focal", "DCI")
    assert contact.get_matter_for(focal, matter.id, now=now).text == "Nobody answers the phone."
    with pytest.raises(NotPermitted):
        contact.claim(actor=focal, matter_id=matter.id, now=now)
    with pytest.raises(NotPermitted):
        contact.get_matter_for(other, matter.id, now=now)
    with pytest.raises(NotFound):
        contact.claim(actor=other, matter_id=matter.id, now=now)
    contact.claim(actor=agent, matter_id=matter.id, now=now)
    contact.escalate(actor=agent, matter_id=matter.id, reason="Only the registry knows.", now=now)
    assert contact.claim(actor=focal, matter_id=matter.id, now=now).assignee_id == focal.account_id
    assert [m.id for m in contact.list_matters_for(focal, now=now, view="mine").matters] == [matter.id]
    assert contact.list_matters_for(other, now=now).matters == []
    assert contact.list_matters_for(agent, now=now).matters == []
    viewed = journal.entries_concerning(matter.id, acts=["contact.matter.viewed"])
    assert [entry.actor_account_id for entry in viewed] == [focal.account_id]


def test_answer_rejected_goes_up_answered_again_accepted(complain, customer, staff, now):
    matter = complain()
    agent, focal = staff("agent"), staff("focal", "CRS")
    with pytest.raises(contact.NotExplained):
        contact.answer(
            actor=agent, matter_id=matter.id, outcome="upheld", text="Done done done done done done", now=now
        )
    with pytest.raises(contact.NoSuchOutcome):
        contact.answer(actor=agent, matter_id=matter.id, outcome="given", text=REASON, now=now)
    contact.answer(actor=agent, matter_id=matter.id, outcome="upheld", text=REASON, now=now)
    with pytest.raises(contact.ReasonNeeded):
        contact.reject(actor=customer, reference=matter.reference, why=" ", now=now)
    contact.reject(actor=customer, reference=matter.reference, why="It is still wrong.", now=now)
    matter.refresh_from_db()
    assert (matter.state, matter.level, matter.reopened) == ("open", 2, 1)
    contact.answer(actor=focal, matter_id=matter.id, outcome="upheld", text=REASON + " Sorry.", now=now)
    assert contact.accept(actor=customer, reference=matter.reference, now=now).state == "closed"
    assert contact.accept(actor=customer, reference=matter.reference, now=now).state == "closed"  # a double click


def test_the_last_level_looks_once_more_and_then_the_way_leads_outside(complain, customer, staff, now):
    matter = complain()
    for number, on in enumerate([staff("agent"), staff("focal", "CRS"), *[staff("accounting_officer", "CRS")] * 2]):
        contact.answer(actor=on, matter_id=matter.id, outcome="upheld", text=f"{number}: {REASON}", now=now)
        matter.refresh_from_db()
        if number < 3:
            contact.reject(actor=customer, reference=matter.reference, why=f"No, {number}.", now=now)
    assert not contact.may_reject(matter, now)
    with pytest.raises(contact.CannotNow):
        contact.reject(actor=customer, reference=matter.reference, why="No again.", now=now)
    assert contact.may_go_outside(matter)


def test_a_closed_matter_can_be_reopened_within_its_window_only(complain, customer, staff, now):
    matter = complain()
    contact.answer(actor=staff("agent"), matter_id=matter.id, outcome="upheld", text=REASON, now=now)
    assert contact.close_silent(now + timedelta(days=13)) == 0
    assert contact.close_silent(now + timedelta(days=15)) == 1
    with pytest.raises(contact.CannotNow):
        contact.reject(actor=customer, reference=matter.reference, why="No.", now=now + timedelta(days=31))
    contact.reject(actor=customer, reference=matter.reference, why="No.", now=now + timedelta(days=29))
    matter.refresh_from_db()
    assert matter.state == "open"


def test_the_clock_stands_still_while_the_customer_is_asked(complain, customer, staff, now):
    matter = complain()
    before = matter.due_at
    contact.tell_customer(actor=staff("agent"), matter_id=matter.id, text="Which office?", ask=True, now=now)
    assert contact.sweep(before + timedelta(days=30)) == 0
    later = now + timedelta(days=7)
    contact.add_by_customer(actor=customer, reference=matter.reference, text="Nakuru.", now=later)
    matter.refresh_from_db()
    assert matter.state == "open"
    assert matter.due_at == before + timedelta(days=7)  # a whole week of working time went by


def test_information_is_due_in_48_hours_where_life_is_at_stake_and_silence_is_refusal(complain, now):
    plain = complain(kind="information")
    urgent = complain(kind="information", is_urgent=True)
    assert urgent.due_at == now + timedelta(hours=48)
    assert plain.due_at - now > timedelta(days=20)
    while not plain.overdue_told_at:
        contact.sweep(plain.due_at + timedelta(seconds=1))
        plain.refresh_from_db()
    overdue = journal.entries_concerning(plain.id, acts=["contact.matter.overdue"])[0]
    assert overdue.facts["silence"] == "refused"


def test_time_is_extended_once_and_only_where_the_law_allows(complain, staff, now):
    matter, plain = complain(kind="information"), complain()
    focal = staff("focal", "CRS")
    due = matter.due_at
    contact.extend(actor=focal, matter_id=matter.id, reason="Two thousand pages have to be read first.", now=now)
    matter.refresh_from_db()
    assert matter.due_at == due + timedelta(days=14)
    with pytest.raises(contact.CannotExtend):
        contact.extend(actor=focal, matter_id=matter.id, reason="Two thousand more pages, then.", now=now)
    with pytest.raises(contact.CannotExtend):
        contact.extend(actor=staff("agent"), matter_id=plain.id, reason="We have a lot to do here.", now=now)


def test_a_report_of_corruption_is_seen_by_the_closed_team_alone_and_names_nobody(customer, staff, now, drain_jobs):
    matter = contact.open_matter(
        actor=customer, kind="corruption", text="An officer asked me for money.", language="en", body_code="CRS",
        is_anonymous=True, phone="0700 000 002", now=now,
    )  # fmt: skip
    assert (matter.person_id, matter.phone) == (None, "")
    for role, body in (("agent", None), ("focal", "CRS"), ("accounting_officer", "CRS"), ("secretariat", None)):
        with pytest.raises(NotFound):
            contact.get_matter_for(staff(role, body), matter.id, now=now)
    entry = journal.entries_concerning(matter.id, acts=["contact.matter.opened"])[0]
    assert (entry.actor_account_id, entry.actor_person_id) == (None, None)
    integrity = staff("integrity")
    assert contact.get_matter_for(integrity, matter.id, now=now).text == "An officer asked me for money."
    drain_jobs()
    assert not Message.objects.filter(medium="sms").exists()
    key = contact.key_of(matter.id)
    spaced = " ".join(key[i : i + 4] for i in range(0, 16, 4)).lower()
    assert contact.get_own_for(ANONYMOUS, matter.reference, key=spaced).id == matter.id
    with pytest.raises(NotFound):
        contact.get_own_for(ANONYMOUS, matter.reference, key=key[::-1])
    assert (
        contact.count_matters_for(
            staff("agent"), since=now.date(), until=now.date() + timedelta(1), body_code=None, now=now
        )
        == []
    )


@pytest.fixture
def bill(now):
    """Raises a bill of somebody to the civil registry."""

    def make(person_id):
        words = {"en": "Fee", "sw": "Ada"}
        line = {
            "code": "fee",
            "description": words,
            "amount_cents": 100,
            "body_code": "CRS",
            "legal_notice": "LN 1 (example)",
        }
        return payments.raise_bill(
            actor=SYSTEM,
            payable_id=ids.uuid7(),
            purpose="fee",
            payer_person_id=person_id,
            description=words,
            lines=[line],
            now=now,
        )

    return make


def test_it_stays_attached_to_the_bill_it_is_about_and_nobody_names_anothers(complain, customer, staff, bill):
    own = bill(customer.person_id)
    matter = complain(body_code=None, about_id=own.id)
    assert (matter.about_kind, matter.about_id, matter.body_id) == ("bill", own.id, "CRS")
    assert contact.thing_of(matter).reference == own.reference
    assert contact.list_about_for(customer, own.id) == [matter]
    [seen] = contact.list_mentions_for(staff("supervisor", "CRS"), own.id, body_code="CRS")
    assert (seen.matter, seen.may_open) == (matter, False)
    with pytest.raises(NotFound):
        complain(about_id=bill(ids.uuid7()).id)


def test_a_ticket_names_the_centre_and_who_served(complain, staff, now):
    officer = staff("agent").account_id
    Centre.objects.create(code="HC99", name="Huduma Centre Mfano", status="operational", hours=[[]] * 7)
    ticket = Ticket.objects.create(
        centre_id="HC99", day=now.date(), number="A007", source="door", state="done", rank_at=now, arrived_at=now, waiting_since=now,
        ended_at=now, officer_id=officer,
    )  # fmt: skip
    matter = complain(about_id=ticket.id)
    assert (matter.about_kind, matter.centre_code, matter.body_id) == ("ticket", "HC99", "CRS")
    assert contact.thing_of(matter).officer_id == officer
    with pytest.raises(contact.AboutOneself):
        contact.claim(actor=staff("agent"), matter_id=matter.id, now=now)
    assert officer not in {one.account_id for one in contact.colleagues_of(matter)}


def test_what_looks_odd_is_shown_of_those_who_do_it_often(complain, staff, now):
    agent, secretariat = staff("agent"), staff("secretariat")

    matters = [complain(text=f"Complaint {number}") for number in range(6)]

    def answers(after, of):
        Matter.objects.update(state="open", outcome="", answer="", answered_at=None, assignee_id=None)
        for matter in of:
            contact.answer(
                actor=agent, matter_id=matter.id, outcome="upheld", text=f"{matter.text}: {REASON}", now=now + after
            )
        return contact.list_oddities_for(secretariat, now=now + timedelta(days=2))

    assert answers(timedelta(hours=3), matters) == []
    assert answers(timedelta(minutes=5), matters[:4]) == []
    [one] = answers(timedelta(minutes=5), matters)
    assert (one.account_id, one.answered, one.hasty, one.last_minute) == (agent.account_id, 6, 6, 0)
    [one] = answers(matters[0].due_at - now - timedelta(minutes=20), matters)
    assert (one.hasty, one.last_minute, one.same_words) == (0, 6, 0)


def test_a_report_without_a_name_keeps_no_bill_that_would_give_one(complain, customer, bill):
    own = bill(customer.person_id)
    report = complain(kind="corruption", body_code=None, about_id=own.id, is_anonymous=True)
    assert (report.about_kind, report.about_id, report.body_id) == ("", None, "CRS")


def test_who_is_not_signed_in_leaves_a_way_to_answer(bodies, now):
    facts = {"actor": ANONYMOUS, "text": "When do you open?", "language": "en", "now": now}
    with pytest.raises(contact.NoWayToAnswer):
        contact.open_matter(kind="inquiry", **facts)
    with pytest.raises(contact.NotAnonymous):
        contact.open_matter(kind="inquiry", is_anonymous=True, **facts)
    with pytest.raises(contact.BodyNeeded):
        contact.open_matter(kind="dispute", email="someone@example.org", **facts)
    matter = contact.open_matter(kind="inquiry", phone="0700 000 009", **facts)
    with pytest.raises(NotFound):
        contact.get_own_for(ANONYMOUS, matter.reference)
    contact.withdraw(actor=ANONYMOUS, reference=matter.reference, key=contact.key_of(matter.id), now=now)


def test_the_trouble_of_many_is_answered_once(complain, staff, now, drain_jobs):
    agent = staff("agent")
    matters = [complain(text=f"The site is down, says number {n}.") for n in range(3)]
    problem = contact.join_problem(actor=agent, matter_id=matters[0].id, title="The site was down", now=now)
    for matter in matters[1:]:
        contact.join_problem(actor=agent, matter_id=matter.id, problem_id=problem.id, now=now)
    assert contact.solve_problem(actor=agent, problem_id=problem.id, text=REASON, now=now) == 3
    drain_jobs()
    assert Message.objects.filter(kind="contact.matter.answered").count() == 3


def test_the_last_answer_may_be_taken_outside(complain, customer, staff, now):
    matter = complain(kind="dispute")
    contact.ask_higher(actor=customer, reference=matter.reference, why="They decided it themselves.", now=now)
    with pytest.raises(contact.CannotNow):
        contact.go_outside(actor=customer, reference=matter.reference, now=now)
    contact.answer(
        actor=staff("accounting_officer", "CRS"), matter_id=matter.id, outcome="confirmed", text=REASON, now=now
    )
    assert contact.go_outside(actor=customer, reference=matter.reference, now=now).outside == "court"


def test_the_database_keeps_an_answer_explained_and_not_back_dated(complain, now):
    matter = complain()
    back = now - timedelta(days=1)
    for broken in ({"state": "answered"}, {"answered_at": back}, {"closed_at": back}):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(matter).objects.filter(id=matter.id).update(**broken)


@pytest.mark.parametrize("kind", rules.KINDS.values(), ids=lambda kind: kind.code)
def test_every_kind_has_a_first_level_outcomes_and_an_end(kind):
    assert kind.outcomes
    numbers = [level.number for level in kind.levels]
    assert numbers == sorted(set(numbers))
    assert kind.above(numbers[-1]) is None

"""The page of a customer: found, opened for a purpose, journalled, and no more of it than the role allows."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from huduma.contexts.contact import public as contact
from huduma.contexts.contact import rules
from huduma.contexts.identity import public as identity
from huduma.foundation.access import ANONYMOUS, Grant, NotFound, NotPermitted
from huduma.foundation.journal import public as journal


@pytest.fixture
def complaint(customer, now):
    return contact.open_matter(
        actor=customer, kind="complaint", text="Nobody answers the phone.", language="sw", body_code="CRS", now=now
    )


@pytest.mark.parametrize("typed", ["0700 000 002", "+254700000002", "90000002", "asha mfano", "Asha Mfno"])
def test_an_agent_finds_a_customer_by_what_they_say(customer, staff, typed):
    found = contact.find_customers_for(staff("agent"), typed)
    assert (found[0].person_id, found[0].id_number) == (customer.person_id, "•••••002")  # the most alike first


def test_a_reference_finds_its_customer_and_a_stranger_finds_nobody(complaint, customer, staff, citizen_actor):
    assert [one.person_id for one in contact.find_customers_for(staff("agent"), complaint.reference)] == [
        customer.person_id
    ]
    assert contact.find_customers_for(staff("agent"), "0799 999 999") == []
    assert contact.find_customers_for(staff("agent"), "abc") == []
    with pytest.raises(NotPermitted):
        contact.find_customers_for(citizen_actor, "90000002")
    with pytest.raises(NotPermitted):
        contact.find_customers_for(staff("secretariat"), "90000002")


def test_every_look_has_a_purpose_that_the_customer_can_read(customer, staff, now):
    agent = staff("agent")
    with pytest.raises(contact.PurposeNeeded):
        contact.get_customer_for(agent, customer.person_id, why="curious", now=now)
    assert contact.get_customer_for(agent, customer.person_id, why="call", now=now).id_number == "•••••002"
    look = journal.entries_concerning(customer.person_id, acts=["contact.customer.viewed"])
    assert [(entry.purpose, entry.actor_account_id) for entry in look] == [("call", agent.account_id)]


def test_a_body_sees_what_concerns_it_and_nothing_else(complaint, customer, staff, now):
    contact.escalate(actor=staff("agent"), matter_id=complaint.id, reason="The registry knows.", now=now)
    own = contact.get_customer_for(staff("focal", "CRS"), customer.person_id, why="matter", now=now)
    assert [one.id for one in own.matters] == [complaint.id]
    assert (own.powers, own.household, own.consent, own.email, "identity" in own.groups) == ([], [], None, "", False)
    assert [way.address for way in own.ways] == ["+254700000002"]
    assert customer.person_id not in own.mentions
    with pytest.raises(NotFound):
        contact.get_customer_for(staff("focal", "DCI"), customer.person_id, why="matter", now=now)
    assert contact.find_customers_for(staff("focal", "DCI"), "90000002") == []


def test_the_timeline_runs_across_channels_in_pages_and_hides_what_staff_say(
    complaint, customer, staff, now, drain_jobs
):
    agent = staff("agent")
    contact.note(actor=agent, matter_id=complaint.id, text="He was loud.", now=now)
    for number in range(70):
        contact.tell_customer(
            actor=agent, matter_id=complaint.id, text=f"News {number}", now=now + timedelta(minutes=number)
        )
    drain_jobs(until=timezone.now() + timedelta(days=1))
    page = contact.get_customer_for(agent, customer.person_id, why="call", now=now)
    seen, before = [], None
    while True:
        happenings, before = contact.happenings_of(page, before=before)
        seen += happenings
        if before is None:
            break
    acts = [one.entry.act for one in seen]
    assert len({one.entry.id for one in seen}) == len(seen)
    assert acts.count("contact.remark.added") == 70
    assert acts.count("messages.message.ordered") == 71  # the acknowledgement, and one for each remark
    assert "identity.person.proven" in acts
    only, _ = contact.happenings_of(page, group="messages")
    assert {one.group for one in only} == {"messages"}


def test_a_report_of_corruption_stands_on_no_customers_page(customer, staff, now):
    contact.open_matter(actor=customer, kind="corruption", text="A bribe was asked.", language="en", now=now)
    page = contact.get_customer_for(staff("agent"), customer.person_id, why="call", now=now)
    assert page.matters == []
    assert [one for one in contact.happenings_of(page)[0] if one.group == "matters"] == []


def test_nothing_that_follows_a_report_of_corruption_betrays_it_either(customer, staff, now, drain_jobs):
    report = contact.open_matter(actor=customer, kind="corruption", text="A bribe was asked.", language="en", now=now)
    contact.tell_customer(actor=staff("integrity"), matter_id=report.id, text="Who asked for it?", ask=True, now=now)
    contact.add_by_customer(actor=customer, reference=report.reference, text="The clerk at counter 3.", now=now)
    contact.answer(
        actor=staff("integrity"), matter_id=report.id, outcome="acted_on", text="The clerk was heard and suspended.", now=now
    )  # fmt: skip
    drain_jobs(until=timezone.now() + timedelta(days=1))
    page = contact.get_customer_for(staff("agent"), customer.person_id, why="call", now=now)
    assert {one.group for one in contact.happenings_of(page)[0]} == {"identity"}
    assert contact.find_customers_for(staff("agent"), report.reference) == []


def test_merely_being_staff_opens_nothing(customer, staff, now):
    with pytest.raises(NotPermitted):
        contact.get_customer_for(staff("integrity"), customer.person_id, why="check", now=now)
    assert identity.is_known(customer.person_id)


def test_what_two_records_brought_comes_together_when_they_are_one_human_being(customer, staff, now, drain_jobs):
    """An officer served her under her ID number before she came online: the register says that both are she."""
    officer = replace(staff("focal", "CRS"), grants=frozenset({Grant("officer", "CRS")}))
    facts = identity.IdentityFacts(
        id_number="90000003", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    served = identity.register_assisted_person(actor=officer, facts=facts, phone="", consent="by-word", now=now)
    told = contact.open_matter(
        actor=replace(officer, on_behalf_of=served.id, purpose="assisted"), kind="complaint", text="The counter was closed.",
        language="sw", body_code="CRS", now=now,
    )  # fmt: skip
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000003", language="sw", now=now)
    online = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=online, facts=replace(facts, id_number=None), by="by-hand", now=now)
    account = identity.Account.objects.get(id=account.id)
    online = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=online, facts=facts, by="iprs", now=now)
    drain_jobs(until=timezone.now() + timedelta(days=1))
    assert [one.id for one in contact.list_own_for(online)] == [told.id]
    page = contact.get_customer_for(staff("agent"), online.person_id, why="matter", now=now)
    assert page.mentions >= {online.person_id, served.id}


def test_the_page_of_the_docs_says_what_each_role_sees():
    table = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in Path("docs/customer-page.md").read_text().splitlines()
        if line.startswith("| ")
    ]
    roles, rows = table[0][1:], table[1:]
    assert set(roles) == set(rules.SIGHT)
    told = {role: frozenset(row[0] for row in rows if row[n] == "yes") for n, role in enumerate(roles, 1)}
    assert told == rules.SIGHT
    assert set(rules.WITHOUT) == set(contact.PURPOSES)


def test_a_purpose_takes_away_what_it_does_not_need(complaint, customer, staff, now):
    called = contact.get_customer_for(staff("agent"), customer.person_id, why="call", now=now)
    checked = contact.get_customer_for(staff("agent"), customer.person_id, why="check", now=now)
    assert (called.phone, checked.phone, checked.email) == ("+254700000002", "", "")
    contact.escalate(actor=staff("agent"), matter_id=complaint.id, reason="The registry knows.", now=now)
    top = contact.get_customer_for(staff("accounting_officer", "CRS"), customer.person_id, why="matter", now=now)
    assert (top.name, top.phone, [one.id for one in top.matters]) == ("Asha Mfano", "", [complaint.id])
    assert "visits" not in top.groups


def test_the_timeline_is_searched_by_words_reference_and_day(complaint, customer, staff, now):
    page = contact.get_customer_for(staff("agent"), customer.person_id, why="call", now=now)
    by = {
        "words": contact.happenings_of(page, only=["contact.matter.opened"])[0],
        "reference": contact.happenings_of(page, about=complaint.id)[0],
        "stranger": contact.happenings_of(page, about=staff("focal", "DCI").account_id)[0],
        "later": contact.happenings_of(page, since=now + timedelta(days=1))[0],
    }
    assert {name: [one.entry.act for one in found] for name, found in by.items()} == {
        "words": ["contact.matter.opened"], "reference": ["contact.matter.opened"], "stranger": [], "later": [],
    }  # fmt: skip

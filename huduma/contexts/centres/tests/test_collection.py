"""Printed documents reach their holders, or go back."""

import re
from datetime import timedelta

import pytest

from huduma.contexts.centres import operations as centres
from huduma.contexts.centres import queries
from huduma.contexts.centres.models import Centre, Collectable
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Person
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids, references
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotFound, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db
TITLE = {"en": "identity card", "sw": "kitambulisho"}


@pytest.fixture
def holder(citizen):
    return citizen(1)


@pytest.fixture
def document(clerk, holder, now):
    return centres.receive_document(
        actor=clerk("neema"), centre_code="HC01", person_id=holder.person_id, title=TITLE, body_code="DCI",
        shelf="B 12", case_id=ids.uuid7(), now=now,
    )  # fmt: skip


def test_a_document_is_received_once_and_handed_over_to_its_holder(document, clerk, holder, now):
    officer = clerk("amani")
    again = centres.receive_document(
        actor=officer, centre_code="HC01", person_id=holder.person_id, title=TITLE, body_code="DCI", shelf="B 12",
        case_id=document.case_id, now=now,
    )  # fmt: skip
    assert again.id == document.id
    asked = {"actor": officer, "centre_code": "HC01"}
    id_number = Person.objects.get(id=holder.person_id).id_number
    for about in (
        {"typed": document.reference.lower()},
        {"typed": f" {id_number}"},
        {"typed": "x", "case_id": document.case_id},
    ):
        assert queries.collection.find_on_shelf_for(**asked, **about) == [document], about
    for typed in ("", "x", "HC 0000 0000 0", "00000000"):
        assert queries.collection.find_on_shelf_for(**asked, typed=typed) == []
    with pytest.raises(NotPermitted):
        queries.collection.find_on_shelf_for(holder, "HC01", typed=document.reference)
    for about in ({"proof": "trust-me"}, {"proof": "letter", "by": "agent"}):
        with pytest.raises(centres.ProofMissing):
            centres.hand_over_document(actor=officer, collectable_id=document.id, now=now, **about)
    with pytest.raises(NotPermitted):
        centres.hand_over_document(actor=holder, collectable_id=document.id, proof="id-card", now=now)
    done = centres.hand_over_document(actor=officer, collectable_id=document.id, proof="id-card", now=now)
    assert (done.state, done.ended_at) == ("collected", now)
    with pytest.raises(centres.NotThere):
        centres.hand_over_document(actor=officer, collectable_id=document.id, proof="id-card", now=now)


def test_a_nearer_centre_by_the_link_and_the_road_there(document, clerk, now):
    Centre.objects.create(code="HC02", name="Huduma Centre Karibu", status="operational")
    Centre.objects.create(code="HC03", name="Huduma Centre Baadaye", status="planned")
    link = queries.collection.collect_link(document, "en")
    reference, token = re.search(r"/d/(\w+)/(\w+)/", link).groups()
    found, reader = queries.collection.open_collect_link(reference, token)
    wish = {"actor": reader, "collectable_id": found.id, "now": now}
    with pytest.raises(NotFound):
        centres.redirect_document(**wish, to_centre_code="HC03")
    centres.redirect_document(**wish, to_centre_code="HC02")
    officer = clerk("amani")
    sent = centres.send_document(actor=officer, collectable_id=document.id, now=now)
    assert (sent.state, sent.shelf) == ("on-the-way", "")
    with pytest.raises(NotPermitted):  # the other centre's staff receive it
        centres.shelve_document(actor=officer, collectable_id=document.id, shelf="A 1", now=now)

    workforce.post_staff(actor=SYSTEM, account_id=officer.account_id, place_code="HC02", from_on=now.date(), now=now)
    there = centres.shelve_document(actor=officer, collectable_id=document.id, shelf="A 1", now=now)
    assert (there.centre_id, there.state, there.bound_for_id) == ("HC02", "ready", None)


def test_its_holder_sees_which_staff_looked_it_up(document, clerk, citizen, holder, now):
    officer = clerk("neema")
    assert centres.view_document(actor=officer, collectable_id=document.id, now=now) == document
    [entry] = journal.entries_concerning(holder.person_id, acts=["centres.collectable.viewed"])
    assert (entry.actor_account_id, entry.purpose) == (officer.account_id, "collection")
    with pytest.raises(NotFound):
        centres.view_document(actor=citizen(2), collectable_id=document.id, now=now)


def test_strangers_see_nothing(document, citizen):
    for actor in (citizen(2), ANONYMOUS):
        with pytest.raises(NotFound):
            queries.collection.get_collectable_for(actor, document.id)
    with pytest.raises(NotFound):
        queries.collection.open_collect_link(document.reference, "0" * 16)


def test_it_ages_is_reminded_of_and_goes_back(document, clerk, holder, now):
    boss = clerk("mkuu", role="supervisor")
    for days, reminded in ((6, 0), (7, 1), (7, 0), (31, 1), (61, 1), (91, 1), (120, 0)):
        assert centres.remind_holders(now=now + timedelta(days=days)) == reminded, days
    later = now + timedelta(days=100)
    assert queries.collection.count_by_age("HC01", now=later) == [(0, 1), (7, 1), (30, 1), (90, 1), (180, 0)]
    assert queries.collection.list_shelf_for(boss, "HC01", now=later).rows[0].days == 100
    with pytest.raises(centres.TooEarlyToReturn):
        centres.return_document(actor=boss, collectable_id=document.id, now=later)
    with pytest.raises(NotPermitted):
        centres.return_document(actor=clerk("amani"), collectable_id=document.id, now=later)
    back = centres.return_document(actor=boss, collectable_id=document.id, now=now + timedelta(days=181))
    assert back.state == "returned"
    assert queries.collection.list_collectables_for(holder) == []
    acts = [entry.act.rsplit(".", 1)[1] for entry in journal.entries_concerning(document.id)][::-1]
    assert acts == ["received", "reminded", "reminded", "reminded", "reminded", "returned"]


@pytest.fixture
def full_shelf(document, now):
    """Three hundred more documents, a third of them of one moment, some to be sent on."""
    Centre.objects.create(code="HC02", name="Huduma Centre Karibu", status="operational")
    Collectable.objects.bulk_create(
        Collectable(
            reference=references.mint("HC"), person_id=document.person_id, title=TITLE, body_code="DCI", centre_id="HC01",
            received_at=now - timedelta(days=200 if n < 100 else n / 2), bound_for_id="HC02" if n % 50 == 0 else None,
        )
        for n in range(300)
    )  # fmt: skip
    return document


def test_a_full_shelf_is_read_a_page_at_a_time(full_shelf, clerk, now, django_assert_num_queries):
    officer = clerk("amani")

    def read(**about):
        seen, after = [], None
        while True:
            with django_assert_num_queries(3 if after else 2):
                page = queries.collection.list_shelf_for(officer, "HC01", now=now, after=after, **about)
            seen += [row.document for row in page.rows]
            if (after := page.next_after) is None:
                return seen

    everything = read()
    assert len({one.id for one in everything}) == len(everything) == 301
    assert everything == sorted(everything, key=lambda one: (one.received_at, one.id))
    with django_assert_num_queries(1):
        counts = dict(queries.collection.count_by_age("HC01", now=now))
    assert counts == {0: 301, 7: 300, 30: 300, 90: 220, 180: 100}
    assert len(read(at_least_days=90)) == counts[90]
    assert len(read(at_least_days=180)) == counts[180]
    assert {one.bound_for_id for one in read(to_send=True)} == {"HC02"}
    assert len(read(to_send=True)) == 6


def test_what_waited_too_long_goes_back_together(full_shelf, clerk, now):
    boss = clerk("mkuu", role="supervisor")
    page = queries.collection.list_shelf_for(boss, "HC01", now=now, at_least_days=180)
    asked = [row.document.id for row in page.rows]
    with pytest.raises(NotPermitted):
        centres.return_documents(actor=clerk("amani"), centre_code="HC01", collectable_ids=asked[:1], now=now)
    centres.hand_over_document(actor=boss, collectable_id=asked[0], proof="id-card", now=now)
    again = {"actor": boss, "centre_code": "HC01", "collectable_ids": [*asked[:10], full_shelf.id], "now": now}
    assert centres.return_documents(**again) == 9  # one was collected meanwhile, one is too young
    assert centres.return_documents(**again) == 0


def test_an_old_document_is_reminded_of_once_a_day(full_shelf, now):
    assert centres.remind_holders(now=now) == 300
    assert centres.remind_holders(now=now) == 0
    assert set(Collectable.objects.exclude(id=full_shelf.id).values_list("reminded", flat=True)) == {2, 3, 4}


def test_what_belongs_to_a_joined_record_follows_the_one_that_goes_on(document, citizen, holder, officer_actor, now):
    kept = citizen(2)
    Person.objects.filter(id=holder.person_id).update(id_number=None, verified_by="by-hand")
    wish, until = queries.visits.Wish(("police-clearance",)), now.date() + timedelta(days=9)
    for actor in (holder, kept):
        centres.join_waiting_list(actor=actor, centre_code="HC01", wish=wish, until_on=until, now=now)
    ticket = centres.take_ticket(
        actor=SYSTEM, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", person_id=holder.person_id, now=now
    )
    one, two = officer_actor("DCI", "supervisor"), officer_actor("DCI", "supervisor")
    pair = identity.notice_duplicate(actor=one, one_id=holder.person_id, other_id=kept.person_id, now=now)
    asked = identity.join_records(actor=one, duplicate_id=pair.id, why="She came with her card.", now=now)
    identity.confirm_joining(actor=two, merge_id=asked.id, now=now)
    assert [one.id for one in queries.collection.list_collectables_for(kept)] == [document.id]
    assert queries.queue.get_ticket(ticket.id).person_id == kept.person_id
    assert (
        len(queries.visits.list_waits_for(kept)) == 1
    )  # of two waits for the same hers stays; the other is kept for a parting

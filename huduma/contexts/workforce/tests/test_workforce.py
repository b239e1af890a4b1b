"""Who may say what of an officer's work, and what is said once."""

from datetime import timedelta

import pytest

from huduma.contexts.workforce import public as workforce
from huduma.contexts.workforce.models import Absence, Skill
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotFound, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_skills_are_said_by_those_who_supervise_the_officer(clerk, now):
    officer, boss = clerk("neema"), clerk("mkuu", role="supervisor")
    about = {"account_id": officer.account_id, "service_code": "police-clearance", "now": now}
    for actor in (clerk("mgeni", role="supervisor", posted=False), clerk("amani"), officer):
        with pytest.raises(NotPermitted):
            workforce.grant_skill(actor=actor, **about)
        with pytest.raises(NotPermitted):
            workforce.withdraw_skill(actor=actor, **about)
    for verb in (workforce.grant_skill, workforce.grant_skill, workforce.withdraw_skill, workforce.withdraw_skill):
        verb(actor=boss, **about)
    assert not Skill.objects.exists()
    acts = [entry.act for entry in journal.entries_concerning(officer.account_id)]
    assert [acts.count(f"workforce.skill.{what}") for what in ("granted", "withdrawn")] == [1, 1]


def test_what_somebody_speaks_and_serves_is_said_where_they_work(clerk, now):
    officer, boss = clerk("neema"), clerk("mkuu", role="supervisor")
    elsewhere = clerk("mgeni", role="supervisor", posted=False)
    workforce.post_staff(actor=SYSTEM, account_id=elsewhere.account_id, place_code="HC02", from_on=now.date(), now=now)
    about = {"account_id": officer.account_id, "languages": ["en"], "services": ["police-clearance"], "now": now}
    for actor, place in ((elsewhere, "HC01"), (clerk("amani"), "HC01"), (officer, "HC01")):
        with pytest.raises(NotPermitted):
            workforce.set_abilities(actor=actor, place_code=place, **about)
    for verb in (workforce.grant_skill, workforce.withdraw_skill):
        with pytest.raises(NotPermitted):
            verb(actor=elsewhere, account_id=officer.account_id, service_code="police-clearance", now=now)
    with pytest.raises(workforce.NotPosted):  # naming one's own place gives no say in others' people
        workforce.set_abilities(actor=elsewhere, place_code="HC02", **about)
    workforce.set_abilities(actor=boss, place_code="HC01", **about)
    found = workforce.abilities_of([officer.account_id])[officer.account_id]
    assert (found.languages, found.skills) == ({"en"}, {"police-clearance"})


def test_only_who_is_posted_there_is_planned_or_away(clerk, now, monday):
    boss, stranger = clerk("mkuu", role="supervisor"), clerk("mgeni", posted=False)
    span = {"place_code": "HC01", "starts_at": monday, "ends_at": monday + HOUR, "now": now}
    for verb in (workforce.plan_shift, workforce.record_absence):
        with pytest.raises(workforce.NotPosted):
            verb(actor=boss, account_id=stranger.account_id, **span)
    officer = clerk("neema")
    for _ in range(2):
        workforce.record_absence(actor=boss, account_id=officer.account_id, **span)
    assert Absence.objects.count() == 1
    assert len(journal.entries_concerning(officer.account_id, acts=["workforce.absence.recorded"])) == 1


def test_a_cancelled_shift_makes_room_for_another_and_is_cancelled_once(clerk, now, monday):
    boss, officer = clerk("mkuu", role="supervisor"), clerk("neema")
    span = {"account_id": officer.account_id, "place_code": "HC01", "starts_at": monday, "ends_at": monday + HOUR}
    shift = workforce.plan_shift(actor=boss, now=now, **span)
    about = {"shift_id": shift.id, "why": "training", "now": now}
    with pytest.raises(NotPermitted):
        workforce.cancel_shift(actor=clerk("mgeni", role="supervisor", posted=False), **about)
    with pytest.raises(NotFound):
        workforce.cancel_shift(actor=boss, **{**about, "shift_id": ids.uuid7()})
    for _ in range(2):
        workforce.cancel_shift(actor=boss, **about)
    assert len(journal.entries_concerning(officer.account_id, acts=["workforce.shift.cancelled"])) == 1
    (duty,) = workforce.on_duty("HC01", monday, monday + HOUR)
    assert not duty.serves(frozenset(), monday, monday + HOUR)
    again = workforce.plan_shift(actor=SYSTEM, now=now, **span)
    assert again.id != shift.id
    with pytest.raises(workforce.ShiftOverlaps):
        workforce.plan_shift(actor=SYSTEM, now=now, **span)

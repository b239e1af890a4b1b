"""A visit is planned, announced, run, closed with its cash counted, reported; or called off."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from huduma.contexts.centres import public as centres
from huduma.contexts.centres.models import Centre
from huduma.contexts.messages.models import Message
from huduma.contexts.outreach import operations, rules
from huduma.contexts.outreach import public as outreach
from huduma.contexts.outreach.models import Device, HeldFile, Record
from huduma.contexts.outreach.models.visits import Follower
from huduma.contexts.payments import public as payments
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotPermitted
from huduma.foundation.files.models import StoredFile
from tests.an_outreach import application, photo, record, ticket


@pytest.mark.django_db
def test_a_visit_is_made_by_a_team_with_its_own_officers_and_in_one_place_at_a_time(plan, team, officer, visit):
    stranger = team("juma", posted=False)
    for facts, refusal in (
        ({}, outreach.SiteTaken),
        ({"place": " "}, outreach.PlaceMissing),
        ({"staff": []}, outreach.StaffMissing),
        ({"staff": [stranger.account_id]}, outreach.StaffMissing),
        ({"services": []}, outreach.NoSuchService),
        ({"ends_at": timezone.now() - timedelta(minutes=1)}, workforce.SpanBackwards),
    ):
        with pytest.raises(refusal):
            plan(**facts)
    Centre.objects.create(code="HC99", name="Mfano", status="operational")
    with pytest.raises(outreach.NotASite):
        outreach.plan_visit(
            actor=SYSTEM, site_code="HC99", body_code="DCI", place="x", county_code="047", starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(hours=1), services=["police-clearance"], staff=[officer.account_id],
            now=timezone.now(),
        )  # fmt: skip
    with pytest.raises(NotPermitted):
        outreach.plan_visit(
            actor=officer, site_code="HM01", body_code="DCI", place="x", county_code="047", starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(hours=1), services=["police-clearance"], staff=[officer.account_id],
            now=timezone.now(),
        )  # fmt: skip


@pytest.mark.django_db
def test_who_asked_is_told_the_day_before_and_when_it_is_called_off_and_then_forgotten(plan, supervisor):
    start = timezone.now() + timedelta(hours=20)
    visit = plan(starts_at=start, ends_at=start + timedelta(hours=5))
    for _ in range(2):
        outreach.follow_visit(actor=ANONYMOUS, visit_id=visit.id, phone="0712345678", language="sw", now=timezone.now())
        operations.remind_followers(now=timezone.now())
    told = Message.objects.get()
    assert told.text.startswith("Huduma inakuja Mfano Market")
    with pytest.raises(outreach.WordsMissing):
        outreach.cancel_visit(actor=supervisor, visit_id=visit.id, reason_en="Rain", reason_sw="", now=timezone.now())
    outreach.cancel_visit(
        actor=supervisor, visit_id=visit.id, reason_en="The road is flooded", reason_sw="Barabara imefurika",
        now=timezone.now(),
    )  # fmt: skip
    assert Message.objects.latest("created_at").text.endswith("Barabara imefurika")
    assert not Follower.objects.exists()
    with pytest.raises(outreach.NotNow):
        outreach.follow_visit(actor=ANONYMOUS, visit_id=visit.id, phone="0712345678", language="sw", now=timezone.now())
    assert outreach.list_coming(county_code="047", now=timezone.now()) == [visit]


@pytest.mark.django_db
def test_it_closes_when_tablets_are_empty_and_cash_is_counted_by_two(
    visit, tablet, officer, supervisor, picture, drain_jobs
):
    content = picture()
    reference = tablet.pack().json()["blocks"]["references"][0]
    form = application(reference, content)
    number = f"R{tablet.device.code}-001"
    paid = record(
        "receipt", number=number, application=form["id"], reference=reference, amount_minor=105_000, currency="KES",
        at=timezone.now().isoformat(),
    )  # fmt: skip
    outreach.open_visit(actor=officer, visit_id=visit.id, now=timezone.now())
    tablet.send(form, paid, HTTP_HUDUMA_UNSYNCED="2")
    tablet.upload(form["body"]["files"][0], form, content)
    drain_jobs()

    def close():
        return outreach.close_visit(actor=supervisor, visit_id=visit.id, now=timezone.now())

    with pytest.raises(outreach.StillOnTablets):
        close()
    tablet.send(HTTP_HUDUMA_UNSYNCED="0")
    with pytest.raises(outreach.CashUncounted):
        close()
    till = payments.till_of(officer)
    payments.count_till(actor=officer, session_id=till.id, counted_cents=105_000, now=timezone.now())
    payments.witness_till(actor=supervisor, session_id=till.id, counted_cents=105_000, now=timezone.now())
    assert close().state == "closed"
    late = ticket("VA002")
    assert tablet.send(late)[0]["state"] == "stored"
    drain_jobs()
    assert tablet.states(late) == ["done"]


@pytest.mark.django_db
def test_the_report_counts_people_once_and_tells_no_small_number(visit, tablet, supervisor, team, drain_jobs):
    women = [ticket(f"VA{n:03}", sex="F", age_band="18-34") for n in range(1, 8)]
    men = [ticket(f"VA{n:03}", sex="M", age_band="60+") for n in range(8, 10)]
    away = ticket("VA010", outcome="not-done", sex="M")
    tablet.send(*women, *men, away)
    drain_jobs()
    for cents in (900_000, -90_000, 90_000):
        outreach.enter_cost(
            actor=supervisor, visit_id=visit.id, kind="transport", what="", amount_cents=cents, now=timezone.now()
        )
    with pytest.raises(outreach.NoSuchCost):
        outreach.enter_cost(
            actor=supervisor, visit_id=visit.id, kind="transport", what="", amount_cents=0, now=timezone.now()
        )
    found = outreach.report_for(supervisor, visit.id)
    assert (found.people, found.sent_away, found.costs) == (9, 1, [("transport", 900_000)])
    assert found.lines[0].each_cents == 100_000
    assert found.served[0].by_sex == {"F": None, "M": None, "X": 0, "": 0}
    assert found.served[0].by_age["0-17"] == 0
    with pytest.raises(NotPermitted):
        outreach.report_for(team("zuri", posted=False), visit.id)


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 30), min_size=1))
def test_no_small_number_can_be_worked_out_from_the_whole(counts):
    shown = rules.masked(counts)
    hidden = [name for name in counts if shown[name] is None]
    assert all(shown[name] is None for name, count in counts.items() if 0 < count < rules.LEAST_TOLD)
    assert len(hidden) != 1 or len(counts) == 1
    assert all(shown[name] == counts[name] for name in counts if name not in hidden)


@pytest.mark.django_db
def test_records_are_emptied_a_season_after_their_visit(visit, tablet, drain_jobs, picture):
    done, open_ = ticket("VA001", sex="F"), application("HA00000000A", picture())
    tablet.send(done, open_)
    tablet.announce(photo(picture(1)), open_)
    file = open_["body"]["files"][0]
    tablet.announce(file, open_)
    tablet.patch(file, 0, picture()[:10])
    drain_jobs()
    assert operations.forget(now=timezone.now()) == 0
    later = timezone.now() + timedelta(days=91)
    assert operations.forget(now=later) == 1
    assert operations.forget(now=later) == 0
    kept = Record.objects.get(id=done["id"])
    assert (kept.body, kept.sex, kept.state) == ({}, "F", "done")
    assert Record.objects.get(id=open_["id"]).body != {}
    assert not HeldFile.objects.exclude(pieces=None).exists()


@pytest.mark.django_db
def test_the_photos_of_what_was_refused_go_with_it(tablet, picture):
    form = application("HA00000000A", picture())
    tablet.send(form)
    tablet.upload(form["body"]["files"][0], form, picture())
    Record.objects.update(state="refused")
    assert operations.forget(now=timezone.now()) == 0
    assert StoredFile.objects.count() == 1
    assert operations.forget(now=timezone.now() + timedelta(days=91)) == 1
    assert not StoredFile.objects.exists()


@pytest.mark.django_db
def test_teams_are_no_centres_and_only_the_secretariat_adds_them(team, officer, officer_actor):
    made = centres.add_site(
        actor=officer_actor(None, "secretariat"), kind="outreach", name="Timu ya Mfano", now=timezone.now()
    )
    assert made.code == "HM02"
    assert made not in centres.list_centres()
    assert made in centres.list_sites()
    with pytest.raises(NotPermitted):
        centres.add_site(actor=officer, kind="outreach", name="x", now=timezone.now())
    with pytest.raises(centres.NoSuchSetting):
        centres.add_site(actor=SYSTEM, kind="centre", name="x", now=timezone.now())


@pytest.mark.django_db
def test_a_tablets_loss_is_reported_by_its_officer_or_a_supervisor_of_its_team(tablet, officer, team):
    with pytest.raises(NotPermitted):
        outreach.report_lost(actor=team("juma"), device_id=tablet.device.id, now=timezone.now())
    outreach.report_lost(actor=officer, device_id=tablet.device.id, now=timezone.now())
    assert Device.objects.get().lost_by == officer.account_id

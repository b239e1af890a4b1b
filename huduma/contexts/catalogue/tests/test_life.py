"""Draft, review, approved, published from a day, superseded, withdrawn: who may do what, and that nothing published changes."""

import io
import threading
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.catalogue.models import Proposal, Service, ServiceVersion
from huduma.contexts.catalogue.operations import take_effect
from huduma.contexts.catalogue.providers import sources
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM, Grant, NotFound, NotPermitted
from huduma.foundation.journal import public as journal

CODE = "helb-clearance"


def zip_of(code=CODE, *changes):
    """The package as a .zip, with some texts of its files changed: (file, old, new)."""
    source, _ = sources.from_folder(settings.SERVICES_DIR / code)
    for file, old, new in changes:
        assert old in source[file]
        source[file] = source[file].replace(old, new, 1)
    return sources.to_zip(code, source)


RENAMED = ("service.yaml", "en: HELB clearance certificate", "en: Certificate of a repaid loan")
FAULTY = ("form.yaml", "widget: number", "widget: dial")


@pytest.fixture
def bodies(db):
    places.load_places(actor=SYSTEM)


@pytest.fixture
def analyst(bodies, officer_actor):
    return officer_actor("HELB", "analyst")


@pytest.fixture
def secretary(officer_actor):
    return officer_actor(None, "secretariat")


@pytest.fixture
def draft(analyst, now):
    def make(*changes, actor=analyst, proposal_id=None, content=None):
        return catalogue.draft_proposal(
            actor=actor, body_code="HELB", content=content or zip_of(CODE, *changes), proposal_id=proposal_id, now=now
        )

    return make


@pytest.fixture
def approved(draft, analyst, secretary, now):
    def make(*changes):
        proposal = draft(*changes)
        catalogue.submit_proposal(actor=analyst, proposal_id=proposal.id, now=now)
        return catalogue.approve_proposal(actor=secretary, proposal_id=proposal.id, now=now)

    return make


def test_from_draft_to_a_service_that_runs_each_step_in_the_journal_with_its_person(
    draft, analyst, secretary, officer_actor, now
):
    proposal = draft(FAULTY)
    assert proposal.faults
    with pytest.raises(catalogue.FaultyProposal):
        catalogue.submit_proposal(actor=analyst, proposal_id=proposal.id, now=now)
    assert draft(proposal_id=proposal.id).faults == []
    catalogue.submit_proposal(actor=analyst, proposal_id=proposal.id, now=now)
    with pytest.raises(catalogue.ProposalReasonNeeded):
        catalogue.return_proposal(actor=secretary, proposal_id=proposal.id, reason=" ", now=now)
    catalogue.return_proposal(actor=secretary, proposal_id=proposal.id, reason="Say what it costs.", now=now)
    assert draft(RENAMED, proposal_id=proposal.id).reason == ""
    catalogue.submit_proposal(actor=analyst, proposal_id=proposal.id, now=now)
    catalogue.approve_proposal(actor=secretary, proposal_id=proposal.id, now=now)
    assert not Service.objects.exists()
    catalogue.publish_proposal(actor=secretary, proposal_id=proposal.id, now=now)
    service = catalogue.get_service(CODE)
    assert (service.is_online, service.name["en"]) == (True, "Certificate of a repaid loan")
    assert catalogue.search("repaid loan").services[0].code == CODE
    acts = [
        (e.act.removeprefix("catalogue.proposal."), e.actor_account_id) for e in journal.entries_concerning(proposal.id)
    ]
    a, s = analyst.account_id, secretary.account_id
    assert acts[::-1] == [
        ("drafted", a), ("drafted", a), ("submitted", a), ("returned", s), ("drafted", a), ("submitted", a),
        ("approved", s), ("published", s),
    ]  # fmt: skip


def test_nobody_approves_or_publishes_what_they_had_a_hand_in(draft, analyst, now):
    both = replace(analyst, grants=analyst.grants | {Grant("secretariat", None)})
    other = replace(analyst, account_id=both.person_id)
    proposal = draft(actor=both)
    draft(RENAMED, actor=other, proposal_id=proposal.id)
    catalogue.submit_proposal(actor=other, proposal_id=proposal.id, now=now)
    with pytest.raises(catalogue.SamePerson):
        catalogue.approve_proposal(actor=both, proposal_id=proposal.id, now=now)
    Proposal.objects.filter(id=proposal.id).update(state="approved")
    with pytest.raises(catalogue.SamePerson):
        catalogue.publish_proposal(actor=both, proposal_id=proposal.id, now=now)


def test_who_may_do_what(draft, approved, analyst, secretary, officer_actor, citizen_actor, now):
    others = officer_actor("KRA", "analyst")
    for stranger in (officer_actor("HELB"), officer_actor("HELB", "supervisor"), others, secretary, citizen_actor):
        with pytest.raises(NotPermitted):
            draft(actor=stranger)
    proposal = draft()
    with pytest.raises(NotFound):
        catalogue.get_proposal_for(others, proposal.id)
    assert catalogue.list_proposals_for(others) == []
    assert [one.id for one in catalogue.list_proposals_for(secretary)] == [proposal.id]
    with pytest.raises(NotPermitted):
        catalogue.submit_proposal(actor=others, proposal_id=proposal.id, now=now)
    ready = approved(RENAMED)
    for stranger in (analyst, others):
        with pytest.raises(NotPermitted):
            catalogue.publish_proposal(actor=stranger, proposal_id=ready.id, now=now)
        with pytest.raises(NotPermitted):
            catalogue.withdraw_service(actor=stranger, service_code=CODE, reason="No longer served", now=now)


def test_a_body_drafts_its_own_services_only(draft, bodies):
    with pytest.raises(catalogue.AnotherBody):
        draft(content=zip_of("kra-tcc"))
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / "kra-tcc", now=timezone.now())
    taken = zip_of(CODE, ("service.yaml", "code: helb-clearance", "code: kra-tcc"))
    with zipfile.ZipFile(io.BytesIO(taken)) as archive:
        files = {name.replace(CODE, "kra-tcc"): archive.read(name) for name in archive.namelist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(catalogue.AnotherBody):
        draft(content=out.getvalue())


def test_what_is_no_package_is_not_kept(draft):
    with pytest.raises(catalogue.NotAPackage) as refused:
        draft(content=b"nonsense")
    assert [fault.rule for fault in refused.value.faults] == ["not a .zip file"]
    assert not Proposal.objects.exists()


def test_it_takes_effect_on_its_day_and_supersedes_the_one_before(approved, secretary, now, drain_jobs):
    catalogue.publish_proposal(actor=secretary, proposal_id=approved().id, now=now)
    first = catalogue.get_service(CODE).current_version
    second, day = approved(RENAMED), timezone.localdate(now) + timedelta(days=10)
    for wrong in (timezone.localdate(now) - timedelta(days=1), timezone.localdate(now) + timedelta(days=800)):
        with pytest.raises(catalogue.WrongDay):
            catalogue.publish_proposal(actor=secretary, proposal_id=second.id, from_on=wrong, now=now)
    catalogue.publish_proposal(actor=secretary, proposal_id=second.id, from_on=day, now=now)
    drain_jobs(until=now + timedelta(days=9))
    assert catalogue.get_service(CODE).current_version == first
    take_effect(proposal_id=second.id, now=now + timedelta(days=9))
    assert catalogue.get_service(CODE).current_version == first
    for _ in range(2):  # its own job, and the hourly one
        take_effect(proposal_id=second.id, now=now + timedelta(days=10))
    service = catalogue.get_service(CODE)
    assert service.name["en"] == "Certificate of a repaid loan"
    assert [(v.number, v.state) for v in catalogue.list_versions(CODE)] == [(2, "published"), (1, "superseded")]


def test_what_waits_for_its_day_can_still_be_returned(approved, secretary, now):
    proposal = approved()
    day = timezone.localdate(now) + timedelta(days=1)
    catalogue.publish_proposal(actor=secretary, proposal_id=proposal.id, from_on=day, now=now)
    catalogue.return_proposal(actor=secretary, proposal_id=proposal.id, reason="The law changed.", now=now)
    take_effect(proposal_id=proposal.id, now=now + timedelta(days=2))
    assert not Service.objects.exists()


def test_withdrawn_takes_no_more_applications_and_keeps_its_charter(approved, secretary, now):
    catalogue.publish_proposal(actor=secretary, proposal_id=approved().id, now=now)
    with pytest.raises(catalogue.ProposalReasonNeeded):
        catalogue.withdraw_service(actor=secretary, service_code=CODE, reason="", now=now)
    for _ in range(2):
        catalogue.withdraw_service(actor=secretary, service_code=CODE, reason="Served at the counter again.", now=now)
    service = catalogue.get_service(CODE)
    assert not service.is_online
    [version] = catalogue.list_versions(CODE)
    assert version.state == "withdrawn"
    ended = [e for e in journal.entries_concerning(version.id) if e.act == "catalogue.version.ended"]
    assert [(e.actor_account_id, e.facts["reason"]) for e in ended] == [
        (secretary.account_id, "Served at the counter again.")
    ]


def test_a_withdrawn_service_does_not_open_again_by_what_waited_for_its_day(approved, secretary, now):
    catalogue.publish_proposal(actor=secretary, proposal_id=approved().id, now=now)
    waiting, day = approved(RENAMED), timezone.localdate(now) + timedelta(days=10)
    catalogue.publish_proposal(actor=secretary, proposal_id=waiting.id, from_on=day, now=now)
    catalogue.withdraw_service(actor=secretary, service_code=CODE, reason="Served at the counter again.", now=now)
    take_effect(proposal_id=waiting.id, now=now + timedelta(days=11))
    assert not catalogue.get_service(CODE).is_online
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("draft", "Served at the counter again.")


def test_the_same_package_is_not_published_twice(approved, draft, analyst, secretary, now):
    catalogue.publish_proposal(actor=secretary, proposal_id=approved().id, now=now)
    with pytest.raises(catalogue.NothingNew):
        catalogue.submit_proposal(actor=analyst, proposal_id=draft().id, now=now)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE catalogue_serviceversion SET package = '{}'",
        "UPDATE catalogue_serviceversion SET source = '{}'",
        "UPDATE catalogue_serviceversion SET number = 7",
        "UPDATE catalogue_serviceversion SET published_at = now()",
        "DELETE FROM catalogue_serviceversion",
        "UPDATE catalogue_proposal SET package = '{}'",
        "UPDATE catalogue_proposal SET source = '{}'",
    ],
)
def test_the_database_keeps_what_was_published(approved, secretary, now, change):
    catalogue.publish_proposal(actor=secretary, proposal_id=approved().id, now=now)
    Service.objects.update(current_version=None)
    with pytest.raises(Error, match="never"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_version_that_ended_does_not_come_back(approved, secretary, now):
    catalogue.publish_proposal(actor=secretary, proposal_id=approved().id, now=now)
    catalogue.withdraw_service(actor=secretary, service_code=CODE, reason="No longer served", now=now)
    with pytest.raises(Error, match="does not come back"), transaction.atomic():
        ServiceVersion.objects.update(state="published", ended_at=None)


def test_a_package_that_is_approved_keeps_its_export_byte_for_byte(approved, secretary, now):
    proposal = approved(RENAMED)
    name, content = catalogue.export_proposal_for(secretary, proposal.id)
    assert (name, content) == (f"{CODE}.zip", zip_of(CODE, RENAMED))
    catalogue.publish_proposal(actor=secretary, proposal_id=proposal.id, now=now)
    assert catalogue.export_version(CODE) == (f"{CODE}-1.zip", content)


@pytest.mark.django_db(transaction=True)
def test_two_secretaries_publish_at_once_and_one_of_them_does(approved, officer_actor, now):
    proposal, outcomes = approved(), []

    def publish():
        try:
            actor = officer_actor(None, "secretariat")
            catalogue.publish_proposal(actor=actor, proposal_id=proposal.id, now=now)
            outcomes.append("published")
        except catalogue.WrongState:
            outcomes.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["published", "too late"]
    assert ServiceVersion.objects.count() == 1

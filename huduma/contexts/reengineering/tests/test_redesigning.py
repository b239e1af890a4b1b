"""Measuring, comparing, simulating and telling: each figure comes from rows, each act from somebody who may."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from huduma.contexts.process import public as process
from huduma.contexts.process.models import Task
from huduma.contexts.reengineering import operations, queries
from huduma.contexts.reengineering import public as reengineering
from huduma.contexts.reengineering.models import Simulation
from huduma.contexts.reengineering.tests.conftest import CASES
from huduma.foundation.access import NotFound, NotPermitted
from huduma.foundation.journal.models import EntryRow
from tests.history import BODY, SERVICE, History


@pytest.fixture
def boss(officer_actor):
    return officer_actor(BODY, "supervisor")


class TestMeasuring:
    def test_what_was_counted_is_what_the_rows_say(self, past, version, boss, now):
        measured = reengineering.measure_version(actor=boss, version_id=version.id, now=now)
        figures, reviews = measured.figures, Task.objects.filter(kind="user")
        assert (figures["cases"], figures["ended"]) == (len(past), len(past))
        assert figures["for_each"]["tasks"] == round(reviews.count() / len(past), 2)
        assert figures["outcomes"]["review"]["approve"] == reviews.filter(outcome="approve").count()
        assert (figures["steps"], figures["automatic"], figures["documents_asked"], figures["fields_asked"]) == (
            1,
            2,
            3,
            1,
        )
        assert figures["for_each"]["answers"] == 1.0
        by_step = {row["key"]: row for row in figures["by_step"]}
        assert by_step["wait-payment"]["applicant"]
        assert by_step["review"]["human"]
        assert by_step["review"]["work"]["median"] > 0
        assert figures["officers"] == {"officer": 3}

    def test_the_real_flow_lies_on_the_process(self, past, version, boss, now):
        reengineering.measure_version(actor=boss, version_id=version.id, now=now)
        flow = reengineering.get_measurement_for(boss, SERVICE, version.number).flow
        done = {o: Task.objects.filter(kind="user", outcome=o).count() for o in ("approve", "reject", "send_back")}
        assert flow["start-to-bill"] == flow["bill-to-wait"] == flow["wait-to-review"] == len(past)
        assert flow["to-correction"] == flow["correction-to-review"] == done["send_back"]
        assert flow["to-rejected"] == done["reject"]
        assert flow["review-to-decision"] == sum(done.values())
        steps = process.definition_of(version.part("process_bpmn")).steps.values()
        assert set(flow) <= {way.key for step in steps for way in step.out}

    def test_versions_without_cases_are_not_measured(self, version, boss, now):
        assert reengineering.measure_version(actor=boss, version_id=version.id, now=now) is None
        assert operations.measure_lately(now=now) == 0
        with pytest.raises(NotFound):
            reengineering.get_measurement_for(boss, SERVICE, version.number)

    def test_two_versions_are_told_apart(self, past, redesign, version, boss, now):
        History(redesign, seed=2, review_minutes=5).fill(40, until=now - timedelta(days=1), days=30)
        assert operations.measure_lately(now=now) == 2
        new, old = reengineering.measurements_for(boss, SERVICE)
        assert (new.version_id, old.version_id) == (redesign.id, version.id)
        assert new.figures["documents_asked"] == old.figures["documents_asked"] - 1
        assert new.figures["working"]["median"] < old.figures["working"]["median"]

    def test_who_may(self, past, version, officer_actor, citizen_actor, now):
        for actor in (officer_actor(BODY), officer_actor("DCI", "supervisor"), citizen_actor):
            with pytest.raises(NotPermitted):
                reengineering.measure_version(actor=actor, version_id=version.id, now=now)
            with pytest.raises(NotPermitted):
                reengineering.measurements_for(actor, SERVICE)
            with pytest.raises(NotPermitted):
                export(actor, "csv", now)
        assert [s.code for s in reengineering.list_services_for(officer_actor(BODY, "supervisor"))] == [SERVICE]
        assert reengineering.list_services_for(officer_actor("DCI", "supervisor")) == []
        with pytest.raises(NotPermitted):
            reengineering.list_services_for(officer_actor(BODY))


def export(actor, form, now):
    since = now - timedelta(days=365)
    stream = reengineering.export_log(actor=actor, service_code=SERVICE, form=form, since=since, until=now, now=now)
    return "".join(stream)


class TestExporting:
    def test_the_xes_has_the_shape_of_the_standard(self, past, boss, now):
        schema = etree.XMLSchema(etree.parse(str(Path(__file__).parent / "xes.xsd")))
        document = etree.fromstring(export(boss, "xes", now).encode())
        assert schema.validate(document), schema.error_log
        name = {"x": "http://www.xes-standard.org/"}
        assert len(document.xpath("x:trace", namespaces=name)) == len(past)
        times = document.xpath("x:trace[1]/x:event/x:date/@value", namespaces=name)
        assert times == sorted(times)

    def test_both_forms_tell_the_same_events(self, past, boss, now):
        rows = list(csv.DictReader(io.StringIO(export(boss, "csv", now))))
        document = etree.fromstring(export(boss, "xes", now).encode())
        assert len(rows) == len(document.findall(".//{*}event"))
        assert len({row["case"] for row in rows}) == len(past)
        assert {row["activity"] for row in rows} >= {"submitted", "wait-payment", "review", "issued"}
        assert {row["transition"] for row in rows} == {"schedule", "start", "complete"}

    def test_nobody_is_named(self, past, boss, now):
        text = export(boss, "xes", now)
        officers = Task.objects.filter(kind="user").values_list("assignee_id", flat=True)
        for real in [*past, *officers]:
            assert str(real) not in text
            assert real.hex not in text
        assert "Mfano" not in text
        assert EntryRow.objects.filter(act="reengineering.log.exported").count() == 1

    def test_it_is_read_as_a_stream(self, past, boss, now, django_assert_max_num_queries):
        stream = reengineering.export_log(
            actor=boss, service_code=SERVICE, form="csv", since=now - timedelta(days=365), until=now, now=now
        )
        with django_assert_max_num_queries(5):
            assert sum(1 for _ in stream) > CASES


class TestSimulating:
    def order(self, actor, version, now, **given):
        facts = {
            "bpmn": version.part("process_bpmn"), "title": "Nothing changed", "teams": {"officer": 3},
            "teams_today": {"officer": 3}, **given,
        }  # fmt: skip
        return reengineering.ask_simulation(actor=actor, version_id=version.id, now=now, **facts)

    def test_today_simulated_comes_near_today_measured(self, past, version, boss, now, drain_jobs):
        order = self.order(boss, version, now)
        assert "reengineering.simulate" in drain_jobs()
        found = reengineering.get_simulation_for(boss, order.id)
        assert (found.state, found.done, found.of) == ("done", 40, 40)
        today, model, draft = (found.result[name]["elapsed"] for name in ("today", "model", "draft"))
        assert found.result["today"]["cases"] == found.result["model"]["cases"] == len(past)
        assert model["median"] == pytest.approx(today["median"], rel=0.35)
        assert draft == model
        kept = [found.result[name]["kept"] for name in ("today", "model", "draft")]
        assert kept[1] == kept[2] == pytest.approx(kept[0], abs=0.15)
        spread = found.result["draft"]
        assert spread["median_from"] <= draft["median"] <= spread["median_to"]
        assert 0 < spread["busy"]["officer"] < 1

    def test_fewer_officers_take_longer(self, past, version, boss, now):
        order = self.order(boss, version, now, teams={"officer": 1})
        operations.run_simulation(simulation_id=order.id, clock=lambda: now)
        order.refresh_from_db()
        model, draft = order.result["model"], order.result["draft"]
        assert draft["queued"]["mean"] > model["queued"]["mean"]
        assert draft["busy"]["officer"] > model["busy"]["officer"]

    def test_a_run_that_was_killed_begins_again_and_comes_to_the_same(self, past, version, boss, now):
        order = self.order(boss, version, now)
        Simulation.objects.filter(id=order.id).update(state="running", done=2)
        operations.run_simulation(simulation_id=order.id, clock=lambda: now)
        first = Simulation.objects.get(id=order.id).result
        Simulation.objects.filter(id=order.id).update(state="running", ended_at=None, result=None)
        operations.run_simulation(simulation_id=order.id, clock=lambda: now)
        assert Simulation.objects.get(id=order.id).result == first
        operations.run_simulation(simulation_id=order.id, clock=lambda: now)
        assert EntryRow.objects.filter(act="reengineering.simulation.ended").count() == 2

    def test_what_is_refused(self, past, version, boss, officer_actor, now):
        with pytest.raises(reengineering.DraftFaulty) as refused:
            self.order(boss, version, now, bpmn="<nonsense/>")
        assert refused.value.faults
        for teams in ({}, {"officer": 0}, {"officer": 501}):
            with pytest.raises(reengineering.TeamNeeded):
                self.order(boss, version, now, teams=teams)
        with pytest.raises(reengineering.NothingToReplay):
            self.order(boss, version, now - timedelta(days=900))
        with pytest.raises(NotPermitted):
            self.order(officer_actor("DCI", "supervisor"), version, now)
        self.order(boss, version, now)
        with pytest.raises(reengineering.TooMuch):
            self.order(boss, version, now)


class TestInnovations:
    def enter(self, actor, before, after, now, **given):
        words = {"en": "Fewer papers", "sw": "Karatasi chache"}
        return reengineering.enter_innovation(
            actor=actor, before_version_id=before.id, after_version_id=after.id, title=words,
            change=given.get("change", words), now=now,
        )  # fmt: skip

    def test_bodies_read_it_at_once_and_everybody_when_it_is_published(
        self, past, redesign, version, boss, officer_actor, citizen_actor, now
    ):
        History(redesign, seed=2).fill(20, until=now - timedelta(days=1), days=30)
        operations.measure_lately(now=now)
        made = self.enter(boss, version, redesign, now)
        assert self.enter(boss, version, redesign, now).id == made.id
        assert [i.id for i in reengineering.list_innovations_for(officer_actor("DCI"))] == [made.id]
        assert reengineering.list_innovations() == []
        with pytest.raises(NotPermitted):
            reengineering.publish_innovation(actor=boss, innovation_id=made.id, now=now)
        for _ in range(2):
            reengineering.publish_innovation(actor=officer_actor(None, "secretariat"), innovation_id=made.id, now=now)
        [told] = reengineering.list_innovations()
        assert told.before["documents_asked"] - told.after["documents_asked"] == 1
        assert EntryRow.objects.filter(act="reengineering.innovation.published").count() == 1
        with pytest.raises(NotPermitted):
            reengineering.list_innovations_for(citizen_actor)

    def test_nothing_is_told_without_figures_or_words(self, past, redesign, version, boss, now):
        with pytest.raises(reengineering.NothingMeasured):
            self.enter(boss, version, redesign, now)
        with pytest.raises(reengineering.NothingMeasured):
            self.enter(boss, version, version, now)
        with pytest.raises(reengineering.InnovationIncomplete):
            self.enter(boss, version, redesign, now, change={"en": "Only English", "sw": " "})
        assert queries.list_innovations() == []

"""Drawing: from the file's diagram or laid out, with where the case is; and the same in words."""

import pytest
from django.conf import settings
from django.utils.translation import override
from lxml import etree

from huduma.contexts.process import public as process
from huduma.contexts.process.providers import definitions, drawing
from huduma.contexts.process.tests.bpmn import END, START, arrows, event, message, node, sub, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

BIRTH = (settings.SERVICES_DIR / "birth-cert-current/process.bpmn").read_text()
CHOICE = node("exclusiveGateway", "choice", default="choice-end")
LOOP = bpmn(
    START + user("review", "ok", "back", status="in_review") + CHOICE + message("fix")
    + timer("late", tag="boundaryEvent", attachedToRef="review", cancelActivity="false") + user("chase")
    + sub("inside", node("startEvent", "s") + user("x") + node("endEvent", "e"), ("s", "x"), ("x", "e"), name="Inside") + END,
    ("start", "review"), ("review", "choice"), ("choice", "end"), ("choice", "fix", 'outcome == "back"'), ("fix", "inside"),
    ("inside", "review"), ("late", "chase"), ("chase", "end"),
)  # fmt: skip


def read(svg):
    return etree.fromstring(svg.encode())


def test_a_drawing_is_well_formed_named_and_without_styles_or_scripts():
    for source in (BIRTH, LOOP):
        root = read(process.draw_definition(source).svg)
        assert root.get("role") == "img"
        named = {e.get("id"): e.text for e in root if e.get("id")}
        assert all(named[key] for key in root.get("aria-labelledby").split())
        assert not {"style", "script"} & {etree.QName(e).localname for e in root.iter()}
        assert not any(e.get("style") for e in root.iter())


@pytest.mark.parametrize("language", ["en", "sw"])
def test_it_speaks_both_languages_and_lists_its_steps(language):
    with override(language):
        drawn = process.draw_definition(BIRTH)
    names = {
        "en": ["Raise the bill", "Bill settled", "Review the application"],
        "sw": ["Toa bili", "Bili imelipwa", "Kagua ombi"],
    }
    assert [line.name[language] for line in drawn.lines][:3] == names[language]
    assert names[language][0] in " ".join(read(drawn.svg).itertext())


def test_what_has_no_diagram_is_laid_out_without_two_shapes_in_one_place():
    built = definitions.build(LOOP)
    laid = drawing.laid_out(built, {})
    outer = {key: box for key, box in laid.boxes.items() if not built.steps[key].host}
    assert set(laid.boxes) == {key for key, step in built.steps.items() if not step.scope}
    boxes = [*outer.values()]
    for number, one in enumerate(boxes):
        for two in boxes[number + 1 :]:
            assert (
                one.x + one.width <= two.x or two.x + two.width <= one.x or one.y + one.height <= two.y or two.y + two.height <= one.y
            )  # fmt: skip


def test_notes_stand_on_steps_and_flows():
    svg = process.draw_definition(BIRTH, marks=process.Marks(notes={"review": "12 days", "to-issue": "97%"})).svg
    assert "12 days" in svg
    assert "97%" in svg


def test_names_are_text_not_markup():
    source = bpmn(START + user("a").replace('name="a"', 'name="&lt;script&gt;x"') + END, ("start", "a"), ("a", "end"))
    assert "<script>" not in process.draw_definition(source).svg


@pytest.mark.django_db
class TestWhereACaseIs:
    @pytest.fixture
    def case_id(self, now, actions):
        digest = process.define(actor=SYSTEM, bpmn=BIRTH, now=now)
        case_id = ids.uuid7()
        process.start(actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts={}, due_at=None, now=now)
        process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)
        return case_id

    def test_the_drawing_says_so(self, case_id):
        drawn = process.draw_case(case_id)
        assert drawn.svg.count('class="here"') == 1
        assert {line.key: line.state for line in drawn.lines if line.state} == {
            "review": "here",
            "wait-payment": "done",
        }
        assert "Review the application" in read(drawn.svg).findtext("{*}desc").rpartition("is at:")[2]

    def test_the_applicant_sees_the_way_and_what_lies_aside_only_when_there(self, case_id, now, officer_actor):
        def way():
            return [(s.status, s.state, s.is_main) for s in process.way_of(case_id)]

        assert way() == [
            ("waiting_payment", "done", True), ("in_review", "here", True), ("issuing", "", True), ("issued", "", True),
        ]  # fmt: skip
        officer = officer_actor("CRS")
        task, _ = process.get_task_for(officer, case_id)
        process.complete_task(actor=officer, task_id=task.id, outcome="send_back", note="Name", fields=[], now=now)
        assert ("waiting_correction", "here", False) in way()
        assert way()[1] == ("in_review", "done", True)
        svg = process.draw_way([(station.status, station) for station in process.way_of(case_id)])
        assert read(svg).findtext("{*}desc").count("You are here") == 1

    def test_a_step_of_a_called_process_is_shown_at_its_call(self, now, actions):
        inner = node("startEvent", "s") + user("x") + node("endEvent", "e") + arrows(("s", "x"), ("x", "e"))
        called = f'<bpmn:process id="c">{inner}</bpmn:process>'
        call = node("callActivity", "a", calledElement="c", name="Check")
        source = bpmn(START + call + END + event("endEvent", "z", "terminate") + node("exclusiveGateway", "g", default="g-end"),
                      ("start", "a"), ("a", "g"), ("g", "end"), ("g", "z", "1 == 2"), more=called)  # fmt: skip
        digest = process.define(actor=SYSTEM, bpmn=source, now=now)
        case_id = ids.uuid7()
        process.start(actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts={}, due_at=None, now=now)
        assert process.draw_case(case_id).svg.count('class="here"') == 1

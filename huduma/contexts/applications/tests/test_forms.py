"""What a form may ask: only what its conditions call for, as often as there are entries, and never what is known already."""

from pathlib import Path

import pytest
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.applications import rules
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM, NotFound

PACKAGE = Path(__file__).parent / "packages" / "household-card"


@pytest.fixture(autouse=True)
def _package(db):
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=PACKAGE, now=timezone.now())


@pytest.fixture
def asha(citizen):
    return citizen()


@pytest.fixture
def draft(asha):
    return applications.open_application(actor=asha, service_code="household-card", now=timezone.now())


def save(actor, draft, page, **typed):
    wrong = applications.save_page(
        actor=actor, application_id=draft.id, page_id=page,
        typed=lambda name: typed.get(name.replace("-", "__"), ""), now=timezone.now(),
    )  # fmt: skip
    draft.refresh_from_db()
    return wrong


def child(actor, draft, entry_id=None, **typed):
    where = {"actor": actor, "application_id": draft.id, "page_id": "children", "field": "children"}
    entry_id = entry_id or applications.add_entry(**where, now=timezone.now())
    wrong = applications.save_entry(
        **where, entry_id=entry_id, typed=lambda name: typed.get(name.replace("-", "__"), ""), now=timezone.now()
    )
    draft.refresh_from_db()
    return entry_id, wrong


BORN = {"born_on__day": "2", "born_on__month": "10", "born_on__year": "2020"}


def asked(draft):
    return {page["id"]: page["fields"] for page in applications.pages_of(draft)}


def finish(actor, draft, png):
    save(actor, draft, "household", has_children="no", languages__en="on")
    save(actor, draft, "address", postal_address="Box 7, Embu")
    for number in (1, 2):
        applications.attach_file(
            actor=actor, application_id=draft.id, field="papers", content=png(number), name="p.png", now=timezone.now()
        )
    return applications.submit(actor=actor, application_id=draft.id, now=timezone.now())


def test_what_is_known_is_not_asked_and_what_may_change_is_filled_in(asha, draft):
    assert draft.register_facts == {"name": "Asha Mfano"}
    assert draft.answers == {"phone": "+254700000002"}
    assert asked(draft)["you"] == ["phone", "email"]
    assert applications.pages_known(draft, timezone.localdate()) == {"you"}
    assert applications.sections_of(draft)[0].answers[0].text == "Asha Mfano"


def test_an_earlier_answer_is_offered_again_and_may_be_changed(asha, draft, png):
    sent = finish(asha, draft, png)
    assert sent.status == "in_review"
    again = applications.open_application(actor=asha, service_code="household-card", now=timezone.now())
    assert again.id != sent.id
    assert again.answers["postal_address"] == "Box 7, Embu"
    assert save(asha, again, "address", postal_address="Box 8, Embu") == {}


def test_pages_and_questions_are_asked_only_where_their_condition_holds(asha, draft):
    assert "children" not in asked(draft)
    assert asked(draft)["household"] == ["has_children", "languages"]
    wrong = save(asha, draft, "household", has_children="yes", languages__sw="on", languages__other="on")
    assert list(wrong) == ["other_language"]
    assert draft.answers["languages"] == ["sw", "other"]
    assert asked(draft)["children"] == ["children"]
    save(asha, draft, "household", has_children="no", languages__sw="on")
    assert "children" not in asked(draft)
    assert asked(draft)["household"] == ["has_children", "languages"]


def test_an_answer_that_is_no_longer_asked_decides_nothing_and_is_not_kept(asha, draft, png):
    save(asha, draft, "household", has_children="yes", languages__sw="on")
    for number in range(3):
        child(asha, draft, child_name=f"Child {number}", **BORN)
    assert "large" in asked(draft)
    save(asha, draft, "household", has_children="no", languages__sw="on")
    assert "large" not in asked(draft)
    assert len(draft.answers["children"]) == 3, "nothing typed is lost while it is a draft"
    sent = finish(asha, draft, png)
    sent.refresh_from_db()
    assert "children" not in sent.answers


def test_entries_are_added_changed_and_removed(asha, draft):
    save(asha, draft, "household", has_children="yes", languages__sw="on")
    assert list(save(asha, draft, "children")) == ["children"]
    first, wrong = child(asha, draft, child_name="Pendo")
    assert list(wrong) == ["born_on"]
    assert "number 1" in save(asha, draft, "children")["children"]
    _, wrong = child(asha, draft, first, child_name="Pendo", at_school="on", **BORN)
    assert list(wrong) == ["school"], "the answer asks one question more"
    assert child(asha, draft, first, child_name="Pendo", at_school="on", school="Embu Primary", **BORN)[1] == {}
    second, _ = child(asha, draft, child_name="Baraka", **BORN)
    assert save(asha, draft, "children") == {}
    applications.remove_entry(
        actor=asha, application_id=draft.id, page_id="children", field="children", entry_id=first, now=timezone.now()
    )
    draft.refresh_from_db()
    assert [entry["id"] for entry in draft.answers["children"]] == [second]
    told = {a.name: a for section in applications.sections_of(draft) for a in section.answers}["children"]
    assert [answer.text for answer in told.entries[0]] == ["Baraka", "2 October 2020", ""]


def test_an_entry_left_empty_is_dropped_and_a_full_group_takes_no_more(asha, draft):
    save(asha, draft, "household", has_children="yes", languages__sw="on")
    where = {"actor": asha, "application_id": draft.id, "page_id": "children", "field": "children"}
    applications.add_entry(**where, now=timezone.now())
    applications.add_entry(**where, now=timezone.now())
    draft.refresh_from_db()
    assert len(draft.answers["children"]) == 1, "two clicks make one"
    save(asha, draft, "children")
    assert "children" not in draft.answers
    for number in range(4):
        child(asha, draft, child_name=f"Child {number}", **BORN)
    with pytest.raises(applications.TooManyEntries):
        applications.add_entry(**where, now=timezone.now())


def test_strangers_and_other_questions_find_no_entry(asha, draft, citizen):
    save(asha, draft, "household", has_children="yes", languages__sw="on")
    where = {"application_id": draft.id, "page_id": "children", "field": "children", "now": timezone.now()}
    with pytest.raises(NotFound):
        applications.add_entry(actor=citizen(9), **where)
    for wrong in ({"field": "helper"}, {"page_id": "address"}):
        with pytest.raises(NotFound):
            applications.add_entry(actor=asha, **{**where, **wrong})


def test_a_condition_sees_only_what_was_asked_before():
    form = {
        "pages": [{"id": "a", "fields": ["x"]}, {"id": "b", "fields": ["y"]}, {"id": "c", "fields": ["z"]}],
        "schema": {"properties": {}},
        "ui": {
            "x": {"widget": "text"},
            "y": {"widget": "text", "show_if": {"properties": {"x": {"const": "1"}}, "required": ["x"]}},
            "z": {"widget": "text", "show_if": {"required": ["y"]}},
        },
    }
    seen = [page["id"] for page in rules.pages(form, {"x": "2", "y": "left over"}, {}, by_hand=False)]
    assert seen == ["a"]
    assert [p["id"] for p in rules.pages(form, {"x": "1", "y": "now"}, {}, by_hand=False)] == ["a", "b", "c"]

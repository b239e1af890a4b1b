"""Charters come from folders: all or nothing, and again without effect."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM, NotPermitted


@pytest.fixture
def bodies(db):
    places.load_places(actor=SYSTEM)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of two packages that a test may damage."""
    for code in ("birth-cert-copy", "police-clearance"):
        shutil.copytree(settings.SERVICES_DIR / code, tmp_path / code)
    return tmp_path


def test_all_services_load_and_a_second_load_changes_nothing(bodies, now):
    first = catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR, now=now)
    again = catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR, now=now)
    assert first["services"] == 224
    assert first["changed"] == 224
    assert (again["changed"], again["versions"]) == (0, 0)


def test_every_charter_speaks_both_languages(bodies):
    contents = [p.parts["service"] for p in catalogue.check_packages(settings.SERVICES_DIR)]
    said: dict[str, set[str]] = {}
    for content in contents:
        fees = content["fee_kes"] if isinstance(content["fee_kes"], list) else []
        texts = [*content["requirements"], content["output"], *(fee["condition"] for fee in fees)]
        for text in [*texts, *([content["fee_note"]] if "fee_note" in content else [])]:
            assert text.get("sw"), (content["code"], text)
            said.setdefault(text["en"], set()).add(text["sw"])
    assert len(contents) == 224
    assert {english: ways for english, ways in said.items() if len(ways) > 1} == {}


def test_reference_tables_are_complete(bodies):
    assert len(places.list_counties()) == 47
    assert sum(len(places.list_constituencies(c.code)) for c in places.list_counties()) == 290
    assert len(places.list_bodies()) == 146


@pytest.mark.parametrize(
    ("find", "replace", "line", "rule"),
    [
        ("level: national", "level: galactic", 3, "galactic"),
        ("code: birth-cert-copy\n", "code: something-else\n", 1, "not the folder's name"),
        ("body: CRS", "body: NOBODY", 2, "not in the register"),
        ("name:\n", "name: [\n", None, "not YAML"),
        ("output:", "outptu:", None, "outptu"),
    ],
)
def test_a_bad_file_is_named_with_line_and_rule_and_nothing_changes(bodies, folder, now, find, replace, line, rule):
    file = folder / "birth-cert-copy" / "service.yaml"
    file.write_text(file.read_text().replace(find, replace, 1))
    with pytest.raises(catalogue.FaultyPackages) as refused:
        catalogue.load_packages(actor=SYSTEM, path=folder, now=now)
    faults = [fault for fault in refused.value.faults if rule in fault.rule]
    assert faults, refused.value.faults
    assert faults[0].file.endswith("birth-cert-copy/service.yaml")
    assert line is None or faults[0].line == line
    assert catalogue.list_services() == []


def test_a_citizen_may_not_load(bodies, folder, now, citizen_actor):
    with pytest.raises(NotPermitted):
        catalogue.load_packages(actor=citizen_actor, path=folder, now=now)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("process.bpmn", 'huduma:action="raise-bill"', 'huduma:action="raise-bil"', "raise-bil"),
        ("process.bpmn", "</bpmn:process>", "", "process.bpmn"),
        ("form.yaml", "page: slip", "page: slipp", "there is no page 'slipp'"),
        ("form.yaml", "of: child_name", "of: childs_name", "the document names no question"),
        ("form.yaml", "certificate:", "documents:", "documents"),
    ],
)
def test_a_package_that_could_not_run_is_not_loaded(db, tmp_path, settings, file, old, new, says):
    places.load_places(actor=SYSTEM)
    folder = tmp_path / "birth-cert-current"
    shutil.copytree(settings.SERVICES_DIR / "birth-cert-current", folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(catalogue.FaultyPackages) as refused:
        catalogue.load_packages(actor=SYSTEM, path=folder, now=timezone.now())
    assert says in "\n".join(map(str, refused.value.faults))
    assert not catalogue.list_services()

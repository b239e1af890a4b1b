"""A service whose package declares clocks, and cases of it."""

import shutil

import pytest
import yaml
from django.conf import settings
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import public as clocks
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.contexts.process.providers import plugs
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from huduma.foundation.sockets import Registry

CLOCKS = {
    "promise": {
        "warn": {"value": 2, "unit": "hours"},
        "escalate": [
            {"after": {"value": 0, "unit": "hours"}, "to": "supervisor"},
            {"after": {"value": 1, "unit": "working_days"}, "to": "secretariat"},
        ],
    },
    "steps": {"review": {"within": {"value": 3, "unit": "hours"}, "warn": {"value": 1, "unit": "hours"}}},
    "law": [
        {
            "id": "answer",
            "basis": "An Act of Parliament (example), s.9",
            "within_days": 21,
            "silence": {
                "counts_as": "refusal",
                "outcome": "reject",
                "meaning": {"en": "No answer means no.", "sw": "Kutojibu ni kukataa."},
                "appeal": {"en": "Appeal within 30 days.", "sw": "Kata rufaa ndani ya siku 30."},
            },
        }
    ],
}


@pytest.fixture
def package(tmp_path):
    """The birth certificate's folder with clocks: `package(clocks)` writes them and returns the folder."""

    def write(declared):
        folder = tmp_path / "birth-cert-current"
        shutil.copytree(settings.SERVICES_DIR / "birth-cert-current", folder, dirs_exist_ok=True)
        charter = yaml.safe_load((folder / "service.yaml").read_text())
        (folder / "service.yaml").write_text(yaml.safe_dump({**charter, "clocks": declared}, allow_unicode=True))
        return folder

    return write


@pytest.fixture
def version(db, package):
    """Loads the service with some clocks and returns its version."""

    def load(declared=CLOCKS):
        places.load_places(actor=SYSTEM)
        catalogue.load_packages(actor=SYSTEM, path=package(declared), now=timezone.now())
        return catalogue.get_service("birth-cert-current").current_version

    return load


@pytest.fixture
def begin(version, now, monkeypatch):
    """Starts a case, as sending an application does, and returns its id."""
    registry = Registry("action of a service task")
    for name in ("raise-bill", "issue-credential"):
        registry.register(name, plugs.Service(lambda **_: None, None, {}, {}))
    monkeypatch.setattr(plugs, "observers", [])
    found = {}

    def start(declared=CLOCKS, at=now):
        if not found:
            found["version"] = version(declared)
            monkeypatch.setattr(plugs, "actions", registry)
            found["digest"] = process.define(actor=SYSTEM, bpmn=found["version"].part("process_bpmn"), now=at)
        case_id = ids.uuid7()
        due = clocks.start_clocks(
            actor=SYSTEM, case_id=case_id, version_id=found["version"].id, service_code="birth-cert-current",
            body_code="CRS", now=at,
        )  # fmt: skip
        process.start(
            actor=SYSTEM, case_id=case_id, digest=found["digest"], body_code="CRS",
            service_code="birth-cert-current", facts={}, due_at=due, now=at,
        )  # fmt: skip
        return case_id

    return start

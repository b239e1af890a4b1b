"""Applications that are moved to the version of their service that is in force."""

import shutil

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.applications.tests.test_applying import birth, pay, submit
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.process import public as process
from huduma.foundation.access import SYSTEM, NotPermitted

pytestmark = pytest.mark.usefixtures("services")


@pytest.fixture
def publish(tmp_path):
    """Publishes the birth certificate anew, with one text of a file replaced by another."""

    def load(file, old, new):
        folder = tmp_path / "birth-cert-current"
        shutil.copytree(settings.SERVICES_DIR / "birth-cert-current", folder, dirs_exist_ok=True)
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
        catalogue.load_packages(actor=SYSTEM, path=folder, now=timezone.now())

    return load


@pytest.fixture
def paid(citizen, png, drain_jobs):
    """An application that an officer has to review."""
    asha = citizen()
    application = submit(asha, birth(asha, png))
    pay(application, drain_jobs)
    return application


def movable(actor):
    return applications.list_movable_for(actor, "birth-cert-current", now=timezone.now())


def test_one_that_can_is_moved_and_taken_back_and_keeps_its_promise(publish, paid, officer_actor):
    boss, promise, version = officer_actor("CRS", role="supervisor"), paid.promise, paid.version_id
    assert movable(boss) == []
    publish("process.bpmn", 'name="Review the application"', 'name="Look at the application"')
    [row] = movable(boss)
    assert row.can
    moved = applications.move_application(actor=boss, application_id=paid.id, now=timezone.now())
    assert (moved.version_id != version, moved.promise) == (True, promise)
    assert process.get_task_for(boss, paid.id)[0].name["en"] == "Look at the application"
    assert movable(boss) == []
    back = applications.undo_move(actor=boss, application_id=paid.id, now=timezone.now())
    assert back.version_id == version
    assert process.get_task_for(boss, paid.id)[0].name["en"] == "Review the application"
    with pytest.raises(process.CannotUndo):
        applications.undo_move(actor=boss, application_id=paid.id, now=timezone.now())


def test_one_that_stands_at_a_step_that_is_gone_cannot(publish, paid, officer_actor):
    boss, version = officer_actor("CRS", role="supervisor"), paid.version_id
    publish("process.bpmn", '"review"', '"second-review"')
    [row] = movable(boss)
    assert [(obstacle.step, obstacle.why) for obstacle in row.steps] == [("review", "gone")]
    with pytest.raises(process.CannotMove):
        applications.move_application(actor=boss, application_id=paid.id, now=timezone.now())
    paid.refresh_from_db()
    assert paid.version_id == version


def test_officers_do_not_move_applications(publish, paid, officer_actor):
    publish("process.bpmn", 'name="Review the application"', 'name="Look at the application"')
    for stranger in (officer_actor("CRS"), officer_actor("DCI", role="supervisor")):
        with pytest.raises(NotPermitted):
            applications.move_application(actor=stranger, application_id=paid.id, now=timezone.now())
    with pytest.raises(NotPermitted):
        movable(officer_actor("CRS"))

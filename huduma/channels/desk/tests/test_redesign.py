"""Redesigning at the desk: from measured versions to a simulated one, and to the register of innovations."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.places import public as places
from huduma.contexts.reengineering import public as reengineering
from huduma.contexts.reengineering.models import Innovation, Simulation
from huduma.foundation.access import SYSTEM
from huduma.foundation.ui.templatetags.ui import kenya_datetime
from tests.history import BODY, SERVICE, History, redesigned

pytestmark = pytest.mark.django_db
AT = f"/en/desk/redesign/{SERVICE}/"


@pytest.fixture
def versions(tmp_path):
    """Two versions of the birth certificate with cases, measured."""
    now = timezone.now()
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / SERVICE, now=now)
    first = catalogue.get_service(SERVICE).current_version
    History(first).fill(60, until=now - timedelta(days=1), days=60)
    second = redesigned(tmp_path)
    History(second, seed=2, send_back=0).fill(40, until=now - timedelta(days=1), days=40)
    for version in (first, second):
        reengineering.measure_version(actor=SYSTEM, version_id=version.id, now=now)
    return first, second


@pytest.fixture
def boss(client, staff, enter_desk):
    enter_desk(client, staff("Neema", role="supervisor"))
    return client


def text(response):
    return response.content.decode()


def test_measured_versions_are_shown_and_compared(versions, boss):
    assert AT in text(boss.get("/en/desk/redesign/"))
    page = text(boss.get(AT))
    assert f"{AT}versions/1/" in page
    page = text(boss.get(f"{AT}versions/1/"))
    assert 'aria-labelledby="flow-1-title flow-1-description"' in page
    assert "Where cases wait" in page
    page = text(boss.get(f"{AT}compare/?first=1&second=2"))
    assert 'id="flow-1-title"' in page
    assert 'id="flow-2-title"' in page
    assert "−100 %" in page  # steps done again
    for wrong in ("", "?first=1&second=9", "?first=x&second=1"):
        assert boss.get(f"{AT}compare/{wrong}").status_code == 404


def test_few_cases_are_not_compared(tmp_path, boss):
    now = timezone.now()
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / SERVICE, now=now)
    first, second = catalogue.get_service(SERVICE).current_version, redesigned(tmp_path)
    many = 0
    for version, cases in ((first, 30), (second, 1)):
        made = History(version).fill(cases, until=now - timedelta(days=1), days=30)
        many = many or len(made)  # how many of them ended depends on the days of the week
        reengineering.measure_version(actor=SYSTEM, version_id=version.id, now=now)
    page = text(boss.get(f"{AT}compare/?first=1&second=2"))
    assert f"{many} cases<" in page
    assert "1 case<" in page
    assert "too few cases to tell" in page
    assert "too few cases to tell" in text(boss.get(f"{AT}versions/2/"))
    assert "too few cases to tell" not in text(boss.get(f"{AT}versions/1/"))


def test_counting_can_be_asked_for(versions, boss, drain_jobs):
    assert boss.post(f"{AT}measure/").status_code == 302
    assert "reengineering.measure_service" in drain_jobs()


def test_the_log_comes_as_a_stream(versions, boss):
    for form, begins in (("xes", "<?xml"), ("csv", "case,activity")):
        response = boss.get(f"{AT}log.{form}")
        assert response.streaming
        assert b"".join(response.streaming_content).decode().startswith(begins)
        assert f'.{form}"' in response["Content-Disposition"]


def test_a_redesign_is_simulated_and_its_progress_shown(versions, boss, drain_jobs):
    page = text(boss.get(f"{AT}simulate/?of=v1"))
    assert 'name="then-officer" inputmode="numeric" value="3"' in page
    typed = {"act": "simulate", "of": "v1", "title": "As before", "minutes": "15", "hours": "24", "today-officer": "3"}
    response = boss.post(f"{AT}simulate/", {**typed, "then-officer": "none"})
    assert response.status_code == 422
    assert 'value="none"' in text(response)
    response = boss.post(f"{AT}simulate/", {**typed, "then-officer": "3"})
    page = text(boss.get(response.url))
    assert '<progress id="progress" max="100" value="0">' in page
    assert 'data-poll="5"' in page
    assert boss.post(f"{AT}simulate/", {**typed, "then-officer": "3"}).status_code == 422  # one at a time
    drain_jobs()
    page = text(boss.get(response.url))
    assert "The redesign, simulated" in page
    assert "at once" in page
    assert "data-poll" not in page
    assert re.search(r"half of the cases", page, re.IGNORECASE)


def test_an_analyst_tries_a_draft_before_anybody_reviews_it(
    versions, client, staff, enter_desk, drain_jobs, officer_actor
):
    _, content = catalogue.export_version(SERVICE)
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'name="Look at the application"', b'name="Decide"'))
    analyst = officer_actor(BODY, "analyst")
    draft = catalogue.draft_proposal(actor=analyst, body_code=BODY, content=changed.getvalue(), now=timezone.now())
    enter_desk(client, staff("Baraka", role="analyst"))
    page = text(client.get(f"{AT}simulate/"))
    assert f'<option value="p{draft.id}" selected>Package on its way, {kenya_datetime(draft.drafted_at)}' in page
    typed = {
        "act": "simulate",
        "of": f"p{draft.id}",
        "minutes": "15",
        "hours": "24",
        "today-officer": "3",
        "then-officer": "3",
    }
    response = client.post(f"{AT}simulate/", typed)
    drain_jobs()
    [tried] = Simulation.objects.all()
    assert (tried.state, 'name="Decide"' in tried.bpmn) == ("done", True)
    assert "The redesign, simulated" in text(client.get(response.url))


def test_a_file_is_read_judged_and_simulated(versions, boss):
    bpmn = versions[0].part("process_bpmn")
    page = text(boss.post(f"{AT}simulate/", {"file": SimpleUploadedFile("process.bpmn", bpmn.encode())}))
    assert "How many officers at once" in page
    faulty = bpmn.replace("bpmn:userTask", "bpmn:scriptTask")
    page = text(boss.post(f"{AT}simulate/", {"file": SimpleUploadedFile("process.bpmn", faulty.encode())}))
    assert "This process cannot run yet" in page
    assert "scriptTask" in page
    for nonsense in (b"\xff\xfe\x00", b"plain", b"<" * 1_000_001):
        response = boss.post(f"{AT}simulate/", {"file": SimpleUploadedFile("process.bpmn", nonsense)})
        assert response.status_code == 422
        assert "This is no BPMN file" in text(response)
    typed = {"act": "simulate", "bpmn": bpmn, "minutes": "1", "hours": "1", "today-officer": "1", "then-officer": "2"}
    assert boss.post(f"{AT}simulate/", typed).status_code == 302


def test_an_innovation_goes_from_the_comparison_to_the_public(versions, boss, client, staff, enter_desk):
    where = f"{AT}tell/1/2/"
    response = boss.post(where, {"title_en": "Nothing is sent back", "title_sw": " "})
    assert response.status_code == 422
    assert "Nothing is sent back" in text(response)
    words = {
        "title_en": "Nothing is sent back",
        "title_sw": "Hakuna kinachorudishwa",
        "change_en": "New.",
        "change_sw": "Mpya.",
    }
    assert boss.post(where, words).status_code == 302
    [told] = Innovation.objects.all()
    assert "Nothing is sent back" not in text(client.get("/en/innovations/"))
    assert boss.post(f"/en/desk/innovations/{told.id}/publish/").status_code == 403
    enter_desk(client, staff("Otieno", role="secretariat", body=None))
    assert "Nothing is sent back" in text(client.get("/en/desk/innovations/"))
    assert client.post(f"/en/desk/innovations/{told.id}/publish/").status_code == 302
    assert "Hakuna kinachorudishwa" in text(client.get("/sw/innovations/"))


def test_others_do_not_see_it(versions, client, staff, enter_desk):
    enter_desk(client, staff("Asha"))
    for where in ("/en/desk/redesign/", AT, f"{AT}versions/1/", f"{AT}simulate/", f"{AT}log.xes"):
        assert client.get(where).status_code == 403

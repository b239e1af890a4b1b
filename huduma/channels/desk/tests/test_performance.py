"""Promises kept, at the desk: each figure leads to its cases."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.performance import public as performance
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM
from tests.history import SERVICE, History

pytestmark = pytest.mark.django_db


def test_from_a_figure_to_its_cases(client, staff, enter_desk):
    now = timezone.now()
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / SERVICE, now=now)
    made = History(catalogue.get_service(SERVICE).current_version).fill(60, until=now - timedelta(days=1), days=60)
    enter_desk(client, staff("Neema"))
    assert "No case has ended yet" in client.get("/en/desk/figures/").content.decode()
    performance.roll_up(actor=SYSTEM, now=now)
    assert f"/en/desk/figures/{SERVICE}/" in client.get("/en/desk/figures/").content.decode()
    page = client.get(f"/en/desk/figures/{SERVICE}/").content.decode()
    assert page.count("/en/desk/cases/") == 50
    assert 'rel="next"' in page
    assert sum(f"/en/desk/cases/{case_id}/" in page for case_id in made) == 50
    assert client.get(f"/sw/desk/figures/{SERVICE}/?part=county&value=047").status_code == 200
    assert client.get(f"/en/desk/figures/{SERVICE}/?part=x&value=y&after=z").status_code == 200
    enter_desk(client, staff("Otieno", body="DCI"))
    assert "No case of your bodies" in client.get(f"/en/desk/figures/{SERVICE}/").content.decode()

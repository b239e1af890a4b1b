"""What a charter tells of the last 90 days."""

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


@pytest.fixture
def fill():
    """Writes cases that ended lately and rolls them up."""

    def write(cases):
        now = timezone.now()
        places.load_places(actor=SYSTEM)
        catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / SERVICE, now=now)
        version = catalogue.get_service(SERVICE).current_version
        History(version).fill(cases, until=now - timedelta(days=1), days=60)
        performance.roll_up(actor=SYSTEM, now=now)

    return write


def test_the_promise_stands_beside_what_people_got(client, fill):
    fill(60)
    whole = performance.figures_of(SERVICE).whole
    page = client.get(f"/en/services/{SERVICE}/").content.decode()
    assert "What people got" in page
    assert f"{whole.cases} applications were decided" in page
    assert f"{whole.share}%" in page
    assert f"{whole.met} of {whole.promised}" in page
    assert "By county" in page
    assert "Online, by oneself" in page
    assert "Walichopata watu" in client.get(f"/sw/services/{SERVICE}/").content.decode()


def test_too_few_cases_are_told_as_such(client, fill):
    fill(6)
    page = client.get(f"/en/services/{SERVICE}/").content.decode()
    assert "Fewer than 10 applications were decided in the last 90 days" in page
    assert "9 in 10" not in page


def test_a_page_counts_no_case(client, fill, django_assert_max_num_queries):
    fill(30)
    with django_assert_max_num_queries(12) as queries:
        client.get(f"/en/services/{SERVICE}/")
    assert not any("performance_outcome" in q["sql"] or "clocks_clock" in q["sql"] for q in queries.captured_queries)

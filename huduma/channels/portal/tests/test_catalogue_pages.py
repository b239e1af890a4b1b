"""The public pages, in both languages."""

import gzip
import json
import re
from datetime import UTC, datetime

import jsonschema_rs
import pytest
from django.conf import settings
from django.db import transaction

from huduma.channels.portal.catalogue import LIFE_EVENTS
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        places.load_places(actor=SYSTEM)
        centres.load_centres(actor=SYSTEM)
        catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR, now=datetime(2026, 11, 23, tzinfo=UTC))
        yield
        transaction.set_rollback(True)


PAGES = [
    "", "search/?q=birht", "services/birth-cert-current/", "life-events/", "life-events/birth/", "bodies/", "bodies/CRS/",
    "bodies/CG-047/", "counties/", "counties/047/", "verify/", "verify/HC0/", "sitemap.xml", "robots.txt",
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_with_few_queries(loaded, client, language, page, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        assert client.get(f"/{language}/{page}").status_code == 200


@pytest.mark.parametrize("name", ["service", "form", "messages", "certificate", "tasks"])
def test_the_schemas_of_packages_are_published(client, name):
    answer = client.get(f"/schemas/{name}.schema.json")
    assert answer["Content-Type"] == "application/schema+json"
    jsonschema_rs.meta.validate(answer.json())
    assert client.get("/schemas/other.schema.json").status_code == 404


def test_every_charter_can_be_read_in_both_languages(loaded, client):
    for service in catalogue.list_services():
        for language in ("en", "sw"):
            assert client.get(f"/{language}/services/{service.code}/").status_code == 200, service.code


def test_a_charter_says_what_was_found_and_what_was_not(loaded, client):
    page = client.get("/en/services/police-clearance/").content.decode()
    assert "KSh 1,050.00" in page
    assert "14 to 28 days" in page
    renewal = client.get("/en/services/county-sbp-renewal/").content.decode()
    assert "No figure was found" in renewal
    assert "none is promised" in renewal  # its estimate of a day is not shown
    assert "siku 14 hadi" not in renewal


def test_a_charter_in_kiswahili_has_its_short_texts_in_kiswahili(loaded, client):
    page = client.get("/sw/services/passport-renewal/").content.decode()
    assert "<li>Pasipoti ya zamani</li>" in page
    assert "kurasa 34" in page
    assert "<dd>Pasipoti</dd>" in page


def test_a_charge_told_only_in_words_is_shown(loaded, client):
    page = client.get("/sw/services/eta/").content.decode()
    assert "USD 30, hairejeshwi" in page
    assert "USD 30, non-refundable" in client.get("/en/services/eta/").content.decode()


def test_switching_language_keeps_page_and_query(loaded, client):
    page = client.get("/en/search/?q=good+conduct").content.decode()
    assert '/sw/search/?q=good+conduct"' in page
    assert "Tafuta huduma" in client.get("/sw/search/?q=good+conduct").content.decode()


def test_search_engines_get_structured_data(loaded, client):
    page = client.get("/sw/services/birth-cert-current/").content.decode()
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["name"] == "Cheti cha kuzaliwa (usajili wa sasa)"


@pytest.mark.parametrize(
    "page", ["services/nothing/", "bodies/NOBODY/", "counties/999/", "life-events/party/", "nowhere/"]
)
def test_what_is_not_there_says_so(loaded, client, page):
    answer = client.get(f"/sw/{page}")
    assert answer.status_code == 404
    assert "Nenda kwenye ukurasa wa mwanzo" in answer.content.decode()


def test_nothing_foreign_may_be_loaded(loaded, client):
    assert "default-src 'none'" in client.get("/en/").headers["Content-Security-Policy"]


FIRST_PAGE_BYTES, LATER_PAGE_BYTES = 30_000, 12_000


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_light_on_a_poor_network(loaded, client, language, page):
    """As it comes over the wire; what a page links to is sent once and kept for good."""
    html = client.get(f"/{language}/{page}", headers={"accept-encoding": "br, gzip"})
    linked = re.findall(r'<(?:link rel="stylesheet" href|script src)="([^"]+)"', _text(html))
    answers = [client.get(address, headers={"accept-encoding": "br, gzip"}) for address in linked]
    assert linked or page in ("sitemap.xml", "robots.txt")
    assert all("immutable" in answer["Cache-Control"] and answer["Content-Encoding"] == "br" for answer in answers)
    assert len(html.content) <= LATER_PAGE_BYTES
    assert len(html.content) + sum(len(answer.getvalue()) for answer in answers) <= FIRST_PAGE_BYTES


def _text(answer):
    return (gzip.decompress(answer.content) if answer.get("Content-Encoding") == "gzip" else answer.content).decode()


def test_a_charter_can_name_the_life_events_that_have_a_page():
    assert catalogue.schema("service")["properties"]["life_events"]["items"]["enum"] == list(LIFE_EVENTS)

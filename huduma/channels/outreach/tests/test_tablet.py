"""The page that a tablet keeps: whole, small, and the same for everybody."""

import json
import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from huduma.channels.outreach import tablet
from huduma.channels.outreach.words import WORDS, words_in
from huduma.contexts.identity.models import Account

SCRIPTS = Path(tablet.__file__).parent / "static" / "outreach"
PAGE = "/outreach/tablet/"
PLACE = re.compile(r"%\(\w+\)s")
LARGEST_FIRST_LOAD = 30_000
MODULES = (*tablet.FIRST, *tablet.LATER)


def sources():
    return {path.stem: path.read_text() for path in SCRIPTS.glob("*.js")}


def test_every_module_is_kept_by_the_worker_and_imports_only_those():
    written = sources()
    assert set(MODULES) == set(written)
    assert set(re.findall(r'import\("\./(\w+)\.js"\)', written["app"])) <= set(tablet.LATER)
    first, found = set(), {"app"}
    while found:
        first |= found
        found = {one for name in found for one in re.findall(r'from "\./(\w+)\.js"', written[name])} - first
    assert first == set(tablet.FIRST)


def test_every_word_that_the_scripts_ask_for_is_there_in_both_languages():
    asked = {key for text in sources().values() for key in re.findall(r'(?:say|both)\("(\w+)"', text)}
    assert asked
    assert asked - set(WORDS) == set()
    assert set(words_in("sw")) == set(WORDS)
    places = [{key: sorted(PLACE.findall(text)) for key, text in words_in(one).items()} for one in ("en", "sw")]
    assert places[0] == places[1]


@pytest.mark.django_db
def test_the_page_says_nothing_of_anybody_and_needs_no_session(client):
    led = client.get("/sw/outreach/tablet/")
    assert led["Location"] == f"{PAGE}#sw"
    page = client.get(PAGE)
    assert page.status_code == 200
    assert not page.cookies
    assert b"csrf" not in page.content
    manifest = json.loads(client.get("/outreach/manifest.webmanifest").content)
    assert manifest["start_url"] == manifest["scope"] == PAGE


@pytest.mark.django_db
def test_the_first_load_is_small_and_the_worker_names_all_of_it(client):
    page = client.get(PAGE).content
    worker = client.get("/outreach/worker.js").content.decode()
    assert PAGE in worker
    assert all(f"outreach/{name}." in worker for name in MODULES)
    assert all(name.partition(".")[0] in worker for name in tablet.STYLES)
    names = [*(f"outreach/{name}.js" for name in tablet.FIRST), *tablet.STYLES]
    load = sum(len(brotli.compress(Path(finders.find(name)).read_bytes(), quality=11)) for name in names)
    assert load + len(brotli.compress(page)) < LARGEST_FIRST_LOAD


@pytest.mark.django_db
def test_only_an_officer_who_signed_in_is_told_their_visits(client, visit, officer, team, enter_desk):
    address = reverse("outreach_api:tablet_visits")
    stranger = client.get(address)
    assert stranger.status_code == 401
    assert stranger.json()["sign_in"].endswith("next=%2Foutreach%2Ftablet%2F")
    enter_desk(client, Account.objects.get(id=officer.account_id))
    assert [one["id"] for one in client.get(address).json()["visits"]] == [str(visit.id)]
    enter_desk(client, Account.objects.get(id=team("juma").account_id))
    assert client.get(address).json()["visits"] == []

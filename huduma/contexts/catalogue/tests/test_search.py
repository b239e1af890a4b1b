"""People find a service by what they call it."""

import pytest
from django.conf import settings

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The whole catalogue, loaded once for the module and taken out again."""
    from datetime import UTC, datetime

    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        places.load_places(actor=SYSTEM)
        catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR, now=datetime(2026, 11, 23, tzinfo=UTC))
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("good conduct", "police-clearance"),
        ("certificate of good conduct", "police-clearance"),
        ("cheti cha tabia njema", "police-clearance"),
        ("birth certificate", "birth-cert-current"),
        ("birht certifcate", "birth-cert-current"),
        ("cheti cha kuzaliwa", "birth-cert-current"),
        ("I want to get a business permit", "county-sbp"),
        ("kibali cha biashara", "county-sbp"),
    ],
)
def test_first_or_nearly_first(loaded, typed, code):
    found = [service.code for service in catalogue.search(typed).services]
    assert code in found[:3], found[:6]


def test_a_typing_error_is_corrected_and_said(loaded):
    assert catalogue.search("pasport").corrected == "passport"


@pytest.mark.parametrize("typed", ["", "   ", "the of", "'; DROP TABLE x; --", "!!! & | :*", "zzzzqqqq"])
def test_odd_searches_find_little_and_break_nothing(loaded, typed):
    assert isinstance(catalogue.search(typed).services, list)

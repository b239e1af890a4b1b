"""The service whose past is told in figures."""

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM


@pytest.fixture
def version(db):
    """The birth certificate as it runs."""
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / "birth-cert-current", now=timezone.now())
    return catalogue.get_service("birth-cert-current").current_version

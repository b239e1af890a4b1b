"""The service that is redesigned, with a past."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.catalogue.models import ServiceVersion
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM
from tests.history import SERVICE, History

CASES = 150


@pytest.fixture
def version(db):
    """The birth certificate as it runs."""
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / SERVICE, now=timezone.now())
    return catalogue.get_service(SERVICE).current_version


@pytest.fixture
def redesign(version):
    """A second version without the correction step: what is sent back is refused at once; one document less."""
    package = {**version.package, "form": {**version.package["form"]}}
    pages = [
        {**page, "fields": [f for f in page["fields"] if f != "father_id_copy"]} for page in package["form"]["pages"]
    ]
    package["form"]["pages"] = pages
    return ServiceVersion.objects.create(
        service=version.service, number=version.number + 1, digest="0" * 64, package=package,
        published_at=timezone.now(), state="superseded", ended_at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def past(version, now):
    """Cases of the last 80 days."""
    return History(version).fill(CASES, until=now - timedelta(days=1), days=80)

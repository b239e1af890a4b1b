"""`manage.py load_reference`: counties, constituencies, public bodies and centres."""

from typing import Any

from django.core.management.base import BaseCommand

from huduma.contexts.centres import public as centres
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM


class Command(BaseCommand):
    """Load the reference tables; loading again changes nothing."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        counts = places.load_places(actor=SYSTEM)
        counts["centres"] = centres.load_centres(actor=SYSTEM)
        self.stdout.write(", ".join(f"{number} {name}" for name, number in counts.items()))

"""`manage.py service check|load PATH`."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from tqdm import tqdm

from huduma.contexts.catalogue import public as catalogue
from huduma.foundation.access import SYSTEM


class Command(BaseCommand):
    """Check service packages, or load them into the catalogue."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["check", "load"])
        parser.add_argument("path", type=Path, help="one package folder, or a folder of them")

    def handle(self, *args: Any, action: str, path: Path, **options: Any) -> None:
        if not path.is_dir():
            sys.exit(f"{path} is not a folder; give a package folder or a folder of packages.")
        if action == "check":
            packages = catalogue.check_packages(path)
            self._report([fault for package in packages for fault in package.faults])
            self.stdout.write(f"{len(packages)} packages are sound")
            return
        with tqdm(desc="Loading services", unit=" services", disable=options["verbosity"] == 0) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                counts = catalogue.load_packages(actor=SYSTEM, path=path, now=timezone.now(), progress=progress)
            except catalogue.FaultyPackages as refusal:
                self._report(refusal.faults)
        self.stdout.write("{services} services; {changed} charters changed, {versions} new versions".format(**counts))

    def _report(self, faults: list[Any]) -> None:
        for fault in faults:
            self.stderr.write(str(fault))
        if faults:
            sys.exit(f"{len(faults)} faults; nothing was changed.")

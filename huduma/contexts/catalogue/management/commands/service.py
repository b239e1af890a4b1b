"""`manage.py service check|load PATH`, `manage.py service export CODE PATH`."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from tqdm import tqdm

from huduma.contexts.catalogue import public as catalogue
from huduma.foundation.access import SYSTEM, NotFound


class Command(BaseCommand):
    """Check service packages, or load them into the catalogue."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["check", "load", "export"])
        parser.add_argument(
            "path", help="a .zip, one package folder, or a folder of them; the service's code to export"
        )
        parser.add_argument("to", nargs="?", type=Path, help="where the .zip is written")

    def handle(self, *args: Any, action: str, path: str, to: Path | None, **options: Any) -> None:
        if action == "export":
            self._export(path, to)
        else:
            self._read(action, Path(path), options)

    def _export(self, code: str, to: Path | None) -> None:
        try:
            name, content = catalogue.export_version(code)
        except NotFound:
            sys.exit(f"no version of {code} runs.")
        file = to or Path(name)
        file.write_bytes(content)
        self.stdout.write(f"{file}: {len(content)} bytes")

    def _read(self, action: str, path: Path, options: dict[str, Any]) -> None:
        if not path.exists():
            sys.exit(f"{path} is not there; give a .zip, a package folder or a folder of packages.")
        if action == "check":
            packages = catalogue.check_packages(path)
            self._report([fault for package in packages for fault in package.faults])
            self.stdout.write("The package is sound." if len(packages) == 1 else f"{len(packages)} packages are sound.")
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
            sys.exit(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was changed.")

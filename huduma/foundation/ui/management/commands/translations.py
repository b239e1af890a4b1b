"""`manage.py translations compile|check|extract`: catalogues by Babel, without msgfmt or xgettext."""

import ast
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR) / "huduma"
CALLS = {"gettext", "gettext_lazy", "gettext_noop", "_"}
LANGUAGE = "sw"


def file_of(language: str) -> Path:
    """Return the catalogue of a language."""
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def used_messages() -> dict[str, str]:
    """Return every English text in templates, code and refusals, with the file that uses it."""
    used: dict[str, str] = {}
    classes: list[tuple[Path, ast.ClassDef]] = []
    for path in sorted([*ROOT.rglob("*.html"), *ROOT.rglob("*.py")]):
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        source = path.read_text()
        texts = _in_python(templatize(source)) if path.suffix == ".html" else _in_python(source)
        if path.suffix == ".py":
            classes += [(path, node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
        for text in texts:
            used.setdefault(text, str(path.relative_to(ROOT)))
    for path, text in refusals(classes):
        used.setdefault(text, str(path.relative_to(ROOT)))
    return used


def _in_python(source: str) -> list[str]:
    if any(f"{call}(" in source for call in CALLS):
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return _calls_by_line(source)
        return list(_calls(tree))
    return []


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def _calls_by_line(source: str) -> list[str]:
    """`templatize` leaves the gettext calls of a template among blanked-out text: take them one by one."""
    from babel.messages.extract import extract_python

    found = extract_python(io.BytesIO(source.encode()), dict.fromkeys(CALLS), [], {})
    return [message if isinstance(message, str) else message[0] for _, _, message, _ in found if message]


def refusals(classes: list[tuple[Path, ast.ClassDef]]) -> Iterator[tuple[Path, str]]:
    """Yield what people read of each refusal, its docstring: of `Refusal` itself, what is made of it, and what is made of those."""
    known, before = {"Refusal"}, 0
    while len(known) > before:
        before = len(known)
        known |= {node.name for _, node in classes if _bases(node) & known}
    for path, node in classes:
        if (node.name == "Refusal" or _bases(node) & known) and (text := ast.get_docstring(node)):
            yield path, " ".join(text.split())


def _bases(node: ast.ClassDef) -> set[str]:
    """Return the names of a class's bases, without the modules that they stand in."""
    named = {base.id for base in node.bases if isinstance(base, ast.Name)}
    return named | {base.attr for base in node.bases if isinstance(base, ast.Attribute)}


class Command(BaseCommand):
    """Compile, check or complete the Kiswahili catalogue."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["compile", "check", "extract"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, f"_{action}")()

    def _compile(self) -> None:
        """Write the .mo file that Django reads, at once: other processes may be reading it."""
        catalogue, target = self._read(), file_of(LANGUAGE).with_suffix(".mo")
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as out:
            write_mo(out, catalogue)
        Path(out.name).chmod(0o644)
        Path(out.name).replace(target)

    def _check(self) -> None:
        """Fail when a text has no Kiswahili, or Kiswahili has no text."""
        used, catalogue = used_messages(), self._read()
        missing = [m for m in used if not (catalogue.get(m) and catalogue[m].string)]
        stale = [str(m.id) for m in catalogue if m.id and m.id not in used]
        for text in missing:
            self.stderr.write(f"{used[text]}: no Kiswahili for: {text}")
        for text in stale:
            self.stderr.write(f"no longer used: {text}")
        if missing or stale:
            sys.exit(f"{len(missing)} missing, {len(stale)} stale: run `manage.py translations extract` and translate.")
        self.stdout.write(f"{len(used)} texts in English and Kiswahili")

    def _extract(self) -> None:
        """Add texts that are missing (empty, to be translated) and drop those that are not used."""
        used, catalogue = used_messages(), self._read()
        fresh = Catalog(locale=LANGUAGE, charset="utf-8")
        for text, where in used.items():
            known = catalogue.get(text)
            fresh.add(text, known.string if known else "", locations=[(where, 0)])
        with file_of(LANGUAGE).open("wb") as out:
            write_po(out, fresh, sort_output=True, include_lineno=False, omit_header=False, width=120)

    def _read(self) -> Catalog:
        file = file_of(LANGUAGE)
        if not file.exists():
            return Catalog(locale=LANGUAGE)
        with file.open("rb") as source:
            return read_po(source, locale=LANGUAGE)

"""Reads service packages and says, fault by fault, what is wrong with them: all at once, with file, line, rule and remedy."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from huduma.contexts.catalogue.providers import checks, sources
from huduma.contexts.catalogue.providers.package import TEXT_PARTS, YAML_PARTS, Fault, Loader, Package, Source

SCHEMAS = Path(__file__).parent.parent / "schemas"
REMEDIES = {
    "required": "add the missing key",
    "additionalProperties": "remove the key, or correct its spelling",
    "enum": "use one of the values named",
    "type": "write a value of that type",
    "pattern": "use lower-case letters, digits and hyphens only",
    "minLength": "write the text",
    "oneOf": "use one of the shapes in the schema's description",
}
KISWAHILI = '"sw" is a required property'


def read_packages(path: Path, bodies: Collection[str] | None = None) -> list[Package]:
    """Read a .zip, one package folder, or every package folder below a folder; faults name files from `path` on.

    `bodies`: the codes of the public bodies there are; None where that is not known.
    """
    if path.is_file():
        return [read_zip(path.read_bytes(), path.stem, bodies)]
    folders = [path] if (path / "service.yaml").exists() else sorted(p for p in path.iterdir() if p.is_dir())
    found = []
    for folder in folders:
        source, faults = sources.from_folder(folder)
        package = read(folder.name, source, faults, bodies)
        package.faults = [replace(fault, file=str(folder / fault.file)) for fault in package.faults]
        found.append(package)
    return found


def read_zip(content: bytes, name: str = "", bodies: Collection[str] | None = None) -> Package:
    """Read a .zip. The folder inside gives the code; without a folder, `name` does."""
    try:
        folder, source, faults = sources.from_zip(content)
    except sources.BadSource as refusal:
        return Package(name, faults=refusal.faults)
    return read(folder or name, source, faults, bodies)


def read(code: str, source: Source, faults: Iterable[Fault] = (), bodies: Collection[str] | None = None) -> Package:
    """Judge the files of a package; faults are collected, never raised. An empty `code` takes that of the charter."""
    package = Package(code, source, faults=list(faults))
    if "service.yaml" not in source:
        package.faults.append(Fault("service.yaml", 1, "the file is missing", "write the charter first"))
        return package
    for name, key in YAML_PARTS.items():
        if name in source:
            _read_yaml(package, name, key)
    package.parts |= {key: source[name] for name, key in TEXT_PARTS.items() if name in source}
    said = package.parts.get("service")
    own = said.get("code", code) if isinstance(said, dict) else code
    package.code = package.code or str(own)
    if own != package.code:
        rule = f"the code {own!r} is not the folder's name {package.code!r}"
        package.fault("service", ["code"], rule, "rename one of the two")
    if bodies is not None and "service" not in package.wrong and said and said["body"] not in bodies:
        rule = f"the body {said['body']!r} is not in the register of public bodies"
        package.fault("service", ["body"], rule, "use a code of public_bodies.yaml")
    checks.check(package)
    sound = {key: value for key, value in package.parts.items() if key not in package.wrong}
    if "process_bpmn" in sound:
        for one in (fault for check in plugged for fault in check(sound)):
            line = one.line if hasattr(one, "line") else package.at(YAML_PARTS[one.file], *one.path)
            package.faults.append(Fault(one.file, line, one.rule, one.remedy))
    return package


def _read_yaml(package: Package, file: str, key: str) -> None:
    text = package.source[file]
    try:
        value = yaml.load(text, Loader=Loader)  # noqa: S506 -- a safe loader, see below
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        rule = f"not YAML: {getattr(error, 'problem', None) or 'a character that cannot be there'}"
        package.faults.append(Fault(file, mark.line + 1 if mark else 1, rule, "check indentation, colons and quotes"))
        package.wrong.add(key)
        return
    if "&" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=Loader)):
        package.faults.append(Fault(file, 1, "an alias (*name) stands for another place", "write the text out"))
        package.wrong.add(key)
        return
    for wrong in _meant(_validator(key).iter_errors(value)):
        keyword = str(wrong.schema_path[-1]) if wrong.schema_path else ""
        path = list(wrong.instance_path)
        where = "/".join(str(part) for part in path)
        if wrong.message == KISWAHILI:
            package.fault(key, path, f"{where}: the Kiswahili is missing", "write `sw:` beside `en:`")
        else:  # the part is of another shape than what reads it expects
            message, remedy = wrong.message, REMEDIES.get(keyword, "see the schema")
            if keyword == "enum":  # the validator's own message leaves values out
                allowed = ", ".join(json.dumps(option) for option in wrong.kind.options)
                message = f"{json.dumps(wrong.instance, ensure_ascii=False)} is not one of {allowed}"
            elif keyword == "pattern" and "_" in wrong.kind.pattern:
                remedy = "use lower-case letters, digits and underscores only"
            if keyword == "additionalProperties":  # the line of the key itself
                path.append(wrong.kind.unexpected[0])
            package.fault(key, path, (f"{where}: {message}" if where else message)[:400], remedy)
            package.wrong.add(key)
    package.parts[key] = value


def _meant(errors: Iterable[Any]) -> Iterator[Any]:
    """Where none of several shapes fits, tell what is wrong with the one that was meant: that of the same type."""
    for wrong in errors:
        shapes = getattr(wrong.kind, "context", None) or []
        meant = [
            shape for shape in shapes
            if all(one.instance_path != wrong.instance_path or one.kind.name != "type" for one in shape)
        ]  # fmt: skip
        yield from _meant(meant[0]) if len(meant) == 1 else (wrong,)


#: What contexts above know of a package's parts: given the sound ones, each returns faults (file, rule, remedy, and the line, or
#: the `path` to a place in a YAML file).
plugged: list[Callable[[dict[str, Any]], Iterable[Any]]] = []


def register_check(check: Callable[[dict[str, Any]], Iterable[Any]]) -> None:
    """Plug in a check of packages that have a process, made before anything is loaded."""
    plugged.append(check)


@cache
def _validator(key: str) -> Any:
    return jsonschema_rs.Draft202012Validator(schema(key))


def schema(name: str) -> dict[str, Any]:
    """Return a published schema: service, form, messages, or certificate (what a template reads). Raises KeyError."""
    file = SCHEMAS / f"{name}.schema.json"
    if not file.is_file():
        raise KeyError(name)
    found: dict[str, Any] = json.loads(file.read_text())
    return found

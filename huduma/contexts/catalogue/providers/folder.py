"""Reads service packages from a folder tree and says, fault by fault, what is wrong with them."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

SCHEMAS = Path(__file__).parent.parent / "schemas"
#: File of a package → its key in ServiceVersion.package.
TEXT_PARTS = {"process.bpmn": "process_bpmn", "rules.dmn": "rules_dmn", "certificate.typ": "certificate_typ"}
YAML_PARTS = {"service.yaml": "service", "form.yaml": "form", "messages.yaml": "messages"}
#: Without these a folder is a charter only; with them it runs.
RUNNABLE = ("form", "process_bpmn")

REMEDIES = {
    "required": "add the missing key",
    "additionalProperties": "remove the key, or correct its spelling",
    "enum": "use one of the values named",
    "type": "write a value of that type",
    "pattern": "use lower-case letters, digits and hyphens only",
    "minLength": "write the text",
    "oneOf": "use one of the shapes in the schema's description",
}


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in a package: where, which rule, and what to do."""

    file: str
    line: int
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule} — {self.remedy}"


@dataclass
class Package:
    """A folder's content, or its faults."""

    code: str
    parts: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_runnable(self) -> bool:
        """Whether people can apply online."""
        return all(part in self.parts for part in RUNNABLE)

    @property
    def digest(self) -> str:
        """SHA-256 over the whole content, independent of key order."""
        return hashlib.sha256(json.dumps(self.parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_packages(path: Path) -> list[Package]:
    """Read one package folder, or every package folder below a folder."""
    folders = [path] if (path / "service.yaml").exists() else sorted(p for p in path.iterdir() if p.is_dir())
    return [read_package(folder) for folder in folders]


def read_package(folder: Path) -> Package:
    """Read one folder; faults are collected, never raised."""
    package = Package(folder.name)
    if not (folder / "service.yaml").exists():
        package.faults.append(Fault(str(folder / "service.yaml"), 1, "the file is missing", "write the charter first"))
        return package
    for name, key in YAML_PARTS.items():
        if (folder / name).exists():
            _read_yaml(package, folder / name, key)
    for name, key in TEXT_PARTS.items():
        if (folder / name).exists():
            package.parts[key] = (folder / name).read_text()
    code = package.parts.get("service", {}).get("code", folder.name)
    if code != folder.name:
        rule = f"the code {code!r} is not the folder's name {folder.name!r}"
        package.faults.append(Fault(str(folder / "service.yaml"), 1, rule, "rename one of the two"))
    if "form" in package.parts and not package.faults:
        package.faults.extend(_form_faults(folder / "form.yaml", package.parts))
    if package.is_runnable and not package.faults:
        found = (fault for check in checks for fault in check(package.parts))
        package.faults.extend(Fault(str(folder / one.file), one.line, one.rule, one.remedy) for one in found)
    return package


def _read_yaml(package: Package, file: Path, key: str) -> None:
    try:
        node = yaml.compose(file.read_text(), Loader=_Loader)
        value = yaml.load(file.read_text(), Loader=_Loader)  # noqa: S506 -- the loader below is the safe one, compiled
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        package.faults.append(
            Fault(str(file), line, f"not YAML: {error.problem}", "check indentation, colons and quotes")
        )
        return
    for wrong in _validator(key).iter_errors(value):
        rule = str(wrong.kind).split("(")[0].rsplit(".", 1)[-1]
        keyword = str(wrong.schema_path[-1]) if wrong.schema_path else rule
        where = "/".join(str(part) for part in wrong.instance_path)
        message = f"{where}: {wrong.message}" if where else wrong.message
        package.faults.append(
            Fault(str(file), _line(node, list(wrong.instance_path)), message, REMEDIES.get(keyword, "see the schema"))
        )
    package.parts[key] = value


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


#: What contexts above know of a package's parts: given them, each returns faults (file, line, rule, remedy).
checks: list[Callable[[dict[str, Any]], Iterable[Any]]] = []


def register_check(check: Callable[[dict[str, Any]], Iterable[Any]]) -> None:
    """Plug in a check of runnable packages, made before anything is loaded."""
    checks.append(check)


@cache
def _validator(key: str) -> Any:
    return jsonschema_rs.Draft202012Validator(json.loads((SCHEMAS / f"{key}.schema.json").read_text()))


def _line(node: Any, path: list[Any]) -> int:
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = [value for key, value in node.value if key.value == str(part)]
        elif isinstance(node, yaml.SequenceNode):
            found = node.value[part : part + 1] if isinstance(part, int) else []
        else:
            found = []
        if not found:
            break
        node = found[0]
    return int(node.start_mark.line) + 1 if node is not None else 1


def _form_faults(file: Path, parts: dict[str, Any]) -> Iterator[Fault]:
    form = parts["form"]
    asked = [name for page in form["pages"] for name in page["fields"]]
    lines = file.read_text().splitlines()

    def at(word: str) -> int:
        return next((n for n, line in enumerate(lines, 1) if word in line), 1)

    for name in asked:
        if name not in form["schema"]["properties"]:
            yield Fault(str(file), at(name), f"the field {name!r} has no schema", "describe it under schema.properties")
        if name not in form["ui"]:
            yield Fault(str(file), at(name), f"the field {name!r} has no wording", "add its label and widget under ui")
    for name in form["schema"]["properties"]:
        ui = form["ui"].get(name, {})
        if name not in asked and not ui.get("from_register") and not ui.get("prefill"):
            yield Fault(str(file), at(name), f"the field {name!r} is never asked", "put it on a page, or remove it")
    pages = {page["id"] for page in form["pages"]}
    for key in ("page", "by_hand_page"):
        if (page := form.get("lookup", {}).get(key)) and page not in pages:
            yield Fault(str(file), at(page), f"there is no page {page!r}", "name a page of this form")
    if ("certificate" in form) != ("certificate_typ" in parts):
        rule = "certificate.typ and the form's certificate come together, and one is missing"
        yield Fault(str(file), at("certificate:"), rule, "add the other, or remove this one")
    for fact in form.get("certificate", {}).get("facts", []):
        if "." not in fact["of"] and fact["of"] not in form["schema"]["properties"]:
            yield Fault(
                str(file), at(fact["of"]), f"the document names no question: {fact['of']!r}", "correct the name"
            )
    try:
        jsonschema_rs.Draft202012Validator(form["schema"])
    except ValueError as error:
        yield Fault(str(file), at("schema:"), f"not a JSON Schema: {error}", "correct it after JSON Schema 2020-12")

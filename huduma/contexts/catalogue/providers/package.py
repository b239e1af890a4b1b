"""A package as it was read, and what is said of it where it is not right."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import yaml

Source = dict[str, str]
#: File of a package → its key in ServiceVersion.package.
TEXT_PARTS = {"process.bpmn": "process_bpmn", "rules.dmn": "rules_dmn", "certificate.typ": "certificate_typ"}
YAML_PARTS = {"service.yaml": "service", "form.yaml": "form", "messages.yaml": "messages"}
FILE_OF = {key: name for name, key in {**TEXT_PARTS, **YAML_PARTS}.items()}
#: Without these a folder is a charter only; with them it runs.
RUNNABLE = ("form", "process_bpmn")


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in a package: where, which rule, and what to do."""

    file: str
    line: int
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule} — {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """Return it for keeping."""
        return asdict(self)


@dataclass
class Package:
    """A package's files and content, and its faults. `wrong` names the parts that break their schema."""

    code: str
    source: Source = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)

    @property
    def is_runnable(self) -> bool:
        """Whether people can apply online."""
        return all(part in self.parts for part in RUNNABLE)

    @property
    def digest(self) -> str:
        """SHA-256 over the whole content, independent of key order."""
        return hashlib.sha256(json.dumps(self.parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def at(self, key: str, *path: str | int) -> int:
        """Return the line of a place in a YAML part, such as `at("form", "ui", "county")`."""
        return line_of(yaml.compose(self.source[FILE_OF[key]], Loader=Loader), list(path))

    def fault(self, key: str, path: Iterable[str | int], rule: str, remedy: str) -> None:
        """Note a fault at a place in a YAML part."""
        self.note(key, self.at(key, *path), rule, remedy)

    def note(self, key: str, line: int, rule: str, remedy: str) -> None:
        """Note a fault in a line of a part's file."""
        self.faults.append(Fault(FILE_OF[key], line, rule, remedy))


class Loader(yaml.CSafeLoader):
    """The safe loader of libyaml, in which a date stays the text that it is."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in Loader.yaml_implicit_resolvers.items()
}


def line_of(node: Any, path: list[Any]) -> int:
    """Return the line of a place in a composed document, that of its key where it has one; or of what is nearest above it."""
    line = node.start_mark.line if node is not None else 0
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            found = [(value, value) for value in node.value[part : part + 1]]
        else:
            found = []
        if not found:
            break
        line, node = found[0][0].start_mark.line, found[0][1]
    return int(line) + 1

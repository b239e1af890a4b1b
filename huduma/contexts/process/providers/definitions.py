"""A definition from its files: read, checked, and ready to run.

A definition is its process, its decision tables, and the shared processes that it calls as they were when it was kept.
"""

from functools import cache
from pathlib import Path

from huduma.contexts.process.providers import checking, decisions
from huduma.contexts.process.providers.reading import Reader, facts_of
from huduma.contexts.process.providers.steps import Process
from huduma.contexts.process.providers.xml import BPMN, Fault, Unreadable, read

FILE = "process.bpmn"
#: Processes that any package can call by the name of their file. A file is never changed: a new version gets a new name.
LIBRARY = Path(__file__).resolve().parent.parent / "library"


class Faulty(ValueError):
    """The definition has faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = sorted(set(faults))


_cache: dict[str, Process] = {}


def cached(digest: str) -> Process | None:
    """Return the definition of a digest, where this process has read it before."""
    return _cache.get(digest)


def remember(digest: str, process: Process) -> Process:
    """Keep a definition in this process; there are as many as services have versions."""
    return _cache.setdefault(digest, process)


def check(bpmn: str, dmn: str = "") -> list[Fault]:
    """Return every fault of a definition, in the order of its lines; an empty list means that it can run."""
    try:
        build(bpmn, dmn, shared(bpmn))
    except Unreadable as unreadable:
        return [unreadable.fault]
    except Faulty as faulty:
        return faulty.faults
    return []


def build(bpmn: str, dmn: str = "", called: dict[str, str] | None = None) -> Process:
    """Return a definition that runs; `called` are the shared processes that it calls, by name. Raises Unreadable or Faulty."""
    root = read(bpmn, FILE)
    library = {name: read(text, f"library/{name}.bpmn") for name, text in (called or {}).items()}
    if faults := checking.element_faults(root):
        raise Faulty(faults)
    main = checking.main_process(root)
    if isinstance(main, Fault):
        raise Faulty([main])
    tables = decisions.read_tables(dmn) if dmn else {}
    reader = Reader(root, library)
    steps = reader.read(main)
    facts = [fact for document in (root, *library.values()) for fact in facts_of(document)]
    first = next(step.key for step in steps.values() if step.kind == "start" and not step.scope)
    process = Process(
        key=main.get("id", ""),
        first=first,
        steps=steps,
        facts=frozenset(name for name, _ in facts),
        lists=frozenset(name for name, is_list in facts if is_list),
        tables=tables,
    )
    if faults := list(checking.faults(process, reader, main)):
        raise Faulty(faults)
    return process


def shared(bpmn: str) -> dict[str, str]:
    """Return the shared processes that a document calls, and those that they call, by name; unknown names are left out."""
    found: dict[str, str] = {}
    todo = [bpmn]
    while todo:
        for name in _calls(todo.pop()) - set(found):
            if (text := _library().get(name)) is not None:
                found[name] = text
                todo.append(text)
    return found


@cache
def _library() -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(LIBRARY.glob("*.bpmn"))}


def _calls(bpmn: str) -> set[str]:
    if "callActivity" not in bpmn:
        return set()
    try:
        root = read(bpmn, FILE)
    except Unreadable:
        return set()
    own = {p.get("id") for p in root.findall(f"{{{BPMN}}}process")}
    return {e.get("calledElement", "").rpartition(":")[2] for e in root.iter(f"{{{BPMN}}}callActivity")} - own

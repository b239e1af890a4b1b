"""Drawing a process as SVG: from the diagram in its file, or laid out here where elements have none.

The drawing takes its colours from the page (`currentColor` and classes), has a title, a description and no script or style of its own,
and comes with its steps as text: nobody needs to see it to know what it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape

from lxml import etree

from huduma.contexts.process.providers.reading import named
from huduma.contexts.process.providers.steps import HUMAN, Process, Step
from huduma.contexts.process.providers.xml import BPMN, huduma, read

DC, DI = "http://www.omg.org/spec/DD/20100524/DC", "http://www.omg.org/spec/DD/20100524/DI"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
FILE = "process.bpmn"
COLUMN, ROW, WIDE, HIGH, ROUND = 170, 110, 130, 70, 36
CHARACTER, LINE = 6.4, 14
EVENTS = ("start", "end", "message", "timer", "signal", "error", "throw", "pass")
GATEWAYS = {"choice": "×", "parallel": "+", "inclusive": "○", "events": "⬠"}
SIGNS = {"message": "✉", "timer": "◷", "signal": "△", "error": "ϟ", "throw": "▲", "terminate": "●"}


@dataclass(frozen=True)
class Box:
    """Where a shape lies."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Geometry:
    """Where everything of a process lies: shapes by step, arrows by flow, lanes by name, labels where the file places them."""

    boxes: dict[str, Box]
    ways: dict[str, list[tuple[float, float]]]
    labels: dict[str, Box]
    lanes: list[tuple[dict[str, str], Box]]
    names: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Line:
    """A step in words. `state`: here, done, or "" where the case has not been."""

    key: str
    name: dict[str, str]
    state: str
    is_work: bool


@dataclass(frozen=True)
class Marks:
    """What a drawing shows beside the process: where a case is and was; notes on steps and flows (such as frequencies), how
    wide flows are drawn, and at which steps cases wait long. `name` tells several drawings on one page apart."""

    here: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    notes: Mapping[str, str] = field(default_factory=dict)
    widths: Mapping[str, float] = field(default_factory=dict)
    hot: frozenset[str] = frozenset()
    name: str = "flow"


def lines(process: Process, marks: Marks) -> list[Line]:
    """Return the steps of a process that have a name, in the order of the flow."""
    found = []
    for step in _in_order(process):
        if step.name["en"] and step.kind not in GATEWAYS and step.kind != "start":
            state = "here" if step.key in marks.here else "done" if step.key in marks.done else ""
            found.append(Line(step.key, step.name, state, step.kind in HUMAN))
    return found


def _in_order(process: Process) -> list[Step]:
    """Return the steps, each behind the one it was reached from; what lies in a sub-process behind it."""
    found: dict[str, Step] = {}
    todo = [process.first]
    while todo:
        key = todo.pop(0)
        if key not in found:
            step = found[key] = process.steps[key]
            todo = [*([step.first] if step.first else []), *todo, *(f.target for f in step.out), *step.border]
    return [*found.values()]


@lru_cache(maxsize=256)
def geometry(bpmn: str) -> Geometry:
    """Return where a file's own diagram places everything; empty where there is none."""
    root = read(bpmn, FILE)
    boxes: dict[str, Box] = {}
    labels: dict[str, Box] = {}
    ways: dict[str, list[tuple[float, float]]] = {}
    plane = root.find(f"{{{BPMNDI}}}BPMNDiagram/{{{BPMNDI}}}BPMNPlane")
    for shape in plane if plane is not None else ():
        key = shape.get("bpmnElement", "")
        if (bounds := shape.find(f"{{{DC}}}Bounds")) is not None:
            boxes[key] = _box(bounds)
        if (bounds := shape.find(f"{{{BPMNDI}}}BPMNLabel/{{{DC}}}Bounds")) is not None:
            labels[key] = _box(bounds)
        if points := shape.findall(f"{{{DI}}}waypoint"):
            ways[key] = [(float(p.get("x", 0)), float(p.get("y", 0))) for p in points]
    lanes = [
        (_named(lane), boxes[lane.get("id", "")]) for lane in root.iter(f"{{{BPMN}}}lane") if lane.get("id") in boxes
    ]
    names = {flow.get("id", ""): _named(flow) for flow in root.iter(f"{{{BPMN}}}sequenceFlow") if flow.get("name")}
    return Geometry(boxes, ways, labels, lanes, names)


def _named(element: etree._Element) -> dict[str, str]:
    return named(element, huduma(element, "name_sw"))


def _box(bounds: etree._Element) -> Box:
    x, y, width, height = (float(bounds.get(name, 0)) for name in ("x", "y", "width", "height"))
    return Box(x, y, width, height)


def laid_out(process: Process, names: dict[str, dict[str, str]]) -> Geometry:
    """Return a layout of the outermost steps: columns by how far a step is from the start, rows by branch."""
    steps = {key: step for key, step in process.steps.items() if not step.scope}
    columns: dict[str, int] = {}
    taken: dict[int, int] = {}
    boxes: dict[str, Box] = {}

    def put(key: str, column: int, row: int) -> None:
        row = max(row, taken.get(column, -1) + 1)
        taken[column] = row
        columns[key] = column
        step = steps[key]
        width, height = (ROUND, ROUND) if step.kind in (*EVENTS, *GATEWAYS) else (WIDE, HIGH)
        x, y = column * COLUMN + COLUMN / 2 - width / 2, row * ROW + ROW / 2 - height / 2
        boxes[key] = Box(x, y, width, height)
        for number, flow in enumerate(step.out):
            if flow.target not in columns:
                put(flow.target, column + 1, row + number)
        for number, border in enumerate(step.border):
            boxes[border] = Box(x + 12 + number * 42, y + height - ROUND / 2, ROUND, ROUND)
            columns[border] = column
            for flow in steps[border].out:
                if flow.target not in columns:
                    put(flow.target, column + 1, row + 1)

    put(process.first, 0, 0)
    ways = {}
    for step in steps.values():
        for flow in step.out:
            ways[flow.key] = _way(boxes[flow.source], boxes[flow.target], is_border=bool(step.host))
    return Geometry(boxes, ways, {}, [], names)


def _way(source: Box, target: Box, *, is_border: bool) -> list[tuple[float, float]]:
    (sx, sy), (tx, ty) = source.middle, target.middle
    if is_border:
        return [(sx, source.y + source.height), (sx, ty), (target.x, ty)]
    if target.x > sx:
        turn = target.x - 20
        begin, end = (source.x + source.width, sy), (target.x, ty)
        return [begin, end] if sy == ty else [begin, (turn, sy), (turn, ty), end]
    below = max(source.y + source.height, target.y + target.height) + 14
    return [(sx, source.y + source.height), (sx, below), (tx, below), (tx, target.y + target.height)]


def draw(process: Process, bpmn: str, marks: Marks, language: str, words: dict[str, str]) -> str:
    """Return the whole process as SVG. `words`: `title`, `description` and `here`, in the language."""
    drawn = geometry(bpmn)
    outer = [key for key, step in process.steps.items() if not step.scope]
    if not all(key in drawn.boxes for key in outer):
        drawn = laid_out(process, drawn.names)
    parts = [_lane(name, box, language) for name, box in drawn.lanes]
    shown = {key: box for key, box in drawn.boxes.items() if key in process.steps}
    within = {key for key in shown if process.steps[key].first and _has_inside(process, key, shown)}
    for key, step in process.steps.items():
        for flow in step.out:
            if key in shown and flow.key in drawn.ways:
                was = "done" if _was(flow.source, flow.target, marks) else ""
                parts.append(_arrow(drawn.ways[flow.key], was, marks.widths.get(flow.key, 1), marks.name))
                words_on_it = marks.notes.get(flow.key) or drawn.names.get(flow.key, {}).get(language, "")
                parts.append(_on_arrow(drawn.ways[flow.key], drawn.labels.get(flow.key), words_on_it))
    for key in sorted(shown, key=lambda key: (bool(process.steps[key].scope), bool(process.steps[key].host))):
        inside = f"{key}/"
        here = key in marks.here or (key not in within and any(k.startswith(inside) for k in marks.here))
        state = "here" if here else "done" if key in marks.done else "hot" if key in marks.hot else ""
        parts.append(
            _shape(process.steps[key], shown[key], drawn.labels.get(key), state, language, open_=key in within)
        )
        if note := marks.notes.get(key):
            x, _ = shown[key].middle
            parts.append(_text(x, shown[key].y - 5, [note], "note"))
        if here:
            x, _ = shown[key].middle
            parts.append(_text(x, shown[key].y - 8, ["▼ " + words["here"]], "mark"))
    return _svg(parts, drawn, words, marks.name)


def _has_inside(process: Process, key: str, shown: dict[str, Box]) -> bool:
    return any(process.steps[other].scope == key for other in shown)


def _was(source: str, target: str, marks: Marks) -> bool:
    return source in marks.done and (target in marks.done or target in marks.here)


def _svg(parts: list[str], drawn: Geometry, words: dict[str, str], name: str) -> str:
    boxes = [*drawn.boxes.values(), *drawn.labels.values()]
    xs = [x for box in boxes for x in (box.x, box.x + box.width)] + [x for way in drawn.ways.values() for x, _ in way]
    ys = [y for box in boxes for y in (box.y, box.y + box.height)] + [y for way in drawn.ways.values() for _, y in way]
    left, top = min(xs) - 20, min(ys) - 30
    width, height = max(xs) - left + 20, max(ys) - top + 40
    return (
        f'<svg class="flow" role="img" aria-labelledby="{name}-title {name}-description" viewBox="{left:g} {top:g} {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" font-size="12" text-anchor="middle" stroke="none" fill="currentColor">'
        f'<title id="{name}-title">{escape(words["title"])}</title><desc id="{name}-description">{escape(words["description"])}</desc>'
        f'<defs><marker id="{name}-tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8"'
        ' markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 0 8 4 0 8z"/></marker></defs>{"".join(parts)}</svg>'
    )


def _shape(step: Step, box: Box, label: Box | None, state: str, language: str, *, open_: bool) -> str:
    name = step.name[language] if language in step.name else step.name["en"]
    x, y = box.middle
    kind = f' class="{state}"' if state else ""
    below = label or Box(box.x - 30, box.y + box.height + 3, box.width + 60, LINE)
    words = _text(below.middle[0], below.y + 11, _wrapped(name, below.width + 20))
    if step.kind in EVENTS:
        radius, thick, dash = (
            box.width / 2,
            3 if step.kind == "end" else 1.5,
            "" if step.interrupting else ' stroke-dasharray="4 3"',
        )
        inner = f'<circle cx="{x:g}" cy="{y:g}" r="{radius - 3:g}"/>' if step.kind not in ("start", "end") else ""
        sign = _text(x, y + 4, [SIGNS.get(step.ends if step.kind == "end" else step.kind, "")])
        ring = f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"/>{inner}'
        return f'<g{kind} fill="none" stroke="currentColor" stroke-width="{thick:g}"{dash}>{ring}</g>{sign}{words}'
    if step.kind in GATEWAYS:
        half_x, half_y = box.width / 2, box.height / 2
        points = f"{x:g},{y - half_y:g} {x + half_x:g},{y:g} {x:g},{y + half_y:g} {x - half_x:g},{y:g}"
        diamond = f'<g{kind} fill="none" stroke="currentColor" stroke-width="1.5"><polygon points="{points}"/></g>'
        return f"{diamond}{_text(x, y + 6, [GATEWAYS[step.kind]], 'sign')}{words}"
    rows = _wrapped(name, box.width - 8)
    extra = ("+" if step.first and not open_ else "") + (
        "" if not step.loop else "≡" if step.loop.sequential else "|||"
    )
    at = box.y + 13 if open_ else y + 4 - (len(rows) - 1) * LINE / 2
    sign = _text(x, box.y + box.height - 4, [extra]) if extra else ""
    return (
        f'<g{kind} fill="none" stroke="currentColor" stroke-width="1.5"><rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}"'
        f' height="{box.height:g}" rx="8"/></g>{_text(x, at, rows)}{sign}'
    )


def _lane(name: dict[str, str], box: Box, language: str) -> str:
    words = name.get(language, name["en"])
    return (
        f'<rect class="lane" fill="none" stroke="currentColor" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"/>'
        f'<text text-anchor="start" x="{box.x + 6:g}" y="{box.y + 14:g}">{escape(words)}</text>'
    )


def _arrow(way: list[tuple[float, float]], state: str, width: float, name: str) -> str:
    points = " ".join(f"{x:g},{y:g}" for x, y in way)
    kind = f' class="{state}"' if state else ""
    wide = f' stroke-width="{width:g}"' if width != 1 else ""
    return f'<polyline{kind} fill="none" stroke="currentColor"{wide} marker-end="url(#{name}-tip)" points="{points}"/>'


def _on_arrow(way: list[tuple[float, float]], label: Box | None, words: str) -> str:
    if not words:
        return ""
    if label is not None:
        return _text(label.middle[0], label.y + 11, [words])
    (ax, ay), (bx, by) = way[len(way) // 2 - 1], way[len(way) // 2]
    return _text((ax + bx) / 2, (ay + by) / 2 - 5, [words])


def _text(x: float, y: float, rows: list[str], kind: str = "") -> str:
    if not any(rows):
        return ""
    given = f' class="{kind}"' if kind else ""
    if len(rows) == 1:
        return f'<text{given} x="{x:g}" y="{y:g}">{escape(rows[0])}</text>'
    spans = "".join(f'<tspan x="{x:g}" dy="{LINE if i else 0}">{escape(row)}</tspan>' for i, row in enumerate(rows))
    return f'<text{given} x="{x:g}" y="{y:g}">{spans}</text>'


def _wrapped(name: str, width: float) -> list[str]:
    limit, rows = max(8, int(width / CHARACTER)), [""]
    for word in name.split():
        if rows[-1] and len(rows[-1]) + 1 + len(word) > limit:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


def way(process: Process) -> list[tuple[Step, bool]]:
    """Return the steps that tell an applicant how far a case is (those with a status), in order, and whether each is on the main way.

    That is the way to the end that lies farthest off, the shortest one, without going back: there a case is meant to go.
    What lies aside (sent back, rejected) stands behind the step that it branches off from.
    """
    before: dict[str, str] = {process.first: ""}
    todo = [process.first]
    for key in todo:
        step = process.steps[key]
        nexts = [step.first] if step.first else [flow.target for flow in step.out]
        if not nexts and step.scope:
            nexts = [flow.target for flow in process.steps[step.scope].out]
        for target in (*nexts, *step.border):
            if target not in before:
                before[target] = key
                todo.append(target)
    ends = [key for key in todo if process.steps[key].kind == "end" and not process.steps[key].scope]
    main = [ends[-1]]
    while before[main[0]]:
        main.insert(0, before[main[0]])
    found = [(process.steps[key], True) for key in main if process.steps[key].status]
    told = {step.status for step, _ in found}
    for key in todo:
        step = process.steps[key]
        if step.status and step.status not in told:
            told.add(step.status)
            at = key
            while at and at not in main:
                at = before[at]
            place = main.index(at) if at else 0
            index = next(
                (i for i, (s, is_main) in enumerate(found) if is_main and main.index(s.key) > place), len(found)
            )
            found.insert(index, (step, False))
    return found


def simple(stations: list[tuple[str, str, bool]], words: dict[str, str]) -> str:
    """Return the way of a case for its applicant: (words, state, on the way) from above to below; narrow enough for a phone."""
    parts, height = [], 34
    for number, (name, state, is_main) in enumerate(stations):
        y, x = 22 + number * height, 16 if is_main else 34
        if number + 1 < len(stations) and stations[number + 1][2]:
            parts.append(f'<path d="M16 {y} V{y + height}" stroke="currentColor" stroke-width="2"/>')
        elif number + 1 < len(stations):
            parts.append(
                f'<path d="M16 {y} V{y + height} H34" fill="none" stroke="currentColor" stroke-dasharray="3 3"/>'
            )
        fill = "currentColor" if state else "var(--paper)"
        ring = (
            f'<circle class="here" cx="{x}" cy="{y}" r="11" fill="none" stroke="currentColor" stroke-width="3"/>'
            if state == "here"
            else ""
        )
        parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="{fill}" stroke="currentColor" stroke-width="2"/>{ring}')
        weight = ' font-weight="700"' if state == "here" else ""
        tail = f'<tspan x="{x + 18}" dy="15" font-size="13">{escape(words["here"])}</tspan>' if state == "here" else ""
        parts.append(f'<text x="{x + 18}" y="{y + 5}"{weight}>{escape(name)}{tail}</text>')
    width = 60 + max(len(name) * 8.6 for name, _, _ in stations)
    return (
        f'<svg class="flow" role="img" aria-labelledby="way-title way-description" viewBox="0 0 {width:g} {len(stations) * height + 10}"'
        f' width="{width:g}" height="{len(stations) * height + 10}" font-size="16" fill="currentColor">'
        f'<title id="way-title">{escape(words["title"])}</title><desc id="way-description">{escape(words["description"])}</desc>'
        f"{''.join(parts)}</svg>"
    )

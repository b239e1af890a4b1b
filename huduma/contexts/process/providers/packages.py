"""What a package's process and tables owe its form and its readers: every case decided once, Kiswahili, messages that come."""

import ast
from collections.abc import Iterator
from typing import Any

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.process import rules
from huduma.contexts.process.providers import decisions, plugs
from huduma.contexts.process.providers.xml import BPMN, DMN, Fault, Unreadable, huduma, line, local, read

PROCESS, TABLES = "process.bpmn", "rules.dmn"
#: What people read of a process: its steps and the ways in which a task ends.
READ = frozenset(
    {"userTask", "manualTask", "serviceTask", "businessRuleTask", "intermediateCatchEvent", "startEvent", "endEvent"}
)


def check(parts: dict[str, Any]) -> Iterator[Fault]:
    """Return the faults of a package's process and tables beside its form."""
    try:
        root = read(parts["process_bpmn"], PROCESS)
        yield from _kiswahili(root)
        yield from _messages(root)
        if "rules_dmn" in parts and "form" in parts:  # without its questions nobody knows which cases there are
            yield from _tables(parts["rules_dmn"], catalogue.domains(parts["form"]))
    except Unreadable:
        return  # the check of the definition itself says so


def _kiswahili(root: Any) -> Iterator[Fault]:
    for element in root.iter(f"{{{BPMN}}}*"):
        if local(element) in READ and element.get("name") and not huduma(element, "name_sw"):
            rule = f"{element.get('name')!r} has no Kiswahili"
            yield Fault(PROCESS, line(element), rule, 'add huduma:name_sw="…"')
    for outcome in root.iter("{https://huduma.example/bpmn}outcome"):
        if not outcome.get("name_sw"):
            yield Fault(PROCESS, line(outcome), f"{outcome.get('name')!r} has no Kiswahili", 'add name_sw="…"')


def _messages(root: Any) -> Iterator[Fault]:
    names = {message.get("id"): message.get("name") for message in root.iter(f"{{{BPMN}}}message")}
    known = plugs.known_messages()
    for definition in root.iter(f"{{{BPMN}}}messageEventDefinition"):
        name = names.get(definition.get("messageRef"))
        if name is not None and name not in known:
            rule = f"nothing ever sends the message {name!r}"
            yield Fault(PROCESS, line(definition), rule, f"wait for one of {', '.join(sorted(known))}")


def _tables(dmn: str, domains: dict[str, Any]) -> Iterator[Fault]:
    lines = {e.get("id", ""): line(e) for e in read(dmn, TABLES).iter(f"{{{DMN}}}decision")}
    for key, table in decisions.read_tables(dmn).items():
        mentioned = [
            [value for row in table.rows for value in _literals(row.tests[n])] for n in range(len(table.inputs))
        ]
        tests = [[_test(row.tests[n], name) for n, name in enumerate(table.inputs)] for row in table.rows]
        try:
            found = catalogue.table_faults(
                table.inputs, tests, mentioned, domains, first_wins=table.policy == "FIRST"
            )  # fmt: skip
        except catalogue.TooLarge:
            rule = f"the table {key!r} is too large to be judged"
            yield Fault(TABLES, lines[key], rule, "split it into several tables")
            continue
        for case in found.gaps:
            remedy = "add a rule, or widen one; a rule of dashes at the end takes the rest"
            yield Fault(TABLES, lines[key], f"no rule covers {_case(table.inputs, case)}", remedy)
        for first, second, case in found.overlaps:
            two = f"the rules in lines {table.rows[first].line} and {table.rows[second].line}"
            rule = f"{two} both cover {_case(table.inputs, case)}"
            yield Fault(TABLES, table.rows[second].line, rule, "narrow one of them, or use hitPolicy FIRST")
        for at in found.dead:
            remedy = "remove it, or move it before the rules that hide it"
            yield Fault(TABLES, table.rows[at].line, "this rule never decides", remedy)


def _test(condition: str, name: str) -> Any:
    def holds(value: Any) -> bool:
        try:
            return bool(rules.evaluate(condition, {name: value}))
        except rules.Forbidden:  # a number is compared with nothing, say
            return False

    return holds


def _literals(condition: str) -> list[Any]:
    return [
        n.value
        for n in ast.walk(ast.parse(condition, mode="eval"))
        if isinstance(n, ast.Constant) and n.value is not None
    ]


def _case(inputs: list[str], case: tuple[Any, ...]) -> str:
    told = (
        f"{name} {'without an answer' if value is None else value}" for name, value in zip(inputs, case, strict=True)
    )
    return ", ".join(told)

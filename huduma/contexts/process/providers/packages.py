"""What a package's process and tables owe its form and its readers.

Every case is decided once, there is Kiswahili, messages come, statuses have words, conditions ask for outcomes that there are,
and no document is issued before its bill is paid.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.process import rules
from huduma.contexts.process.providers import decisions, definitions, plugs, ways
from huduma.contexts.process.providers.steps import HUMAN, Process, Step
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
        yield from _statuses(root, parts.get("messages", {}))
        yield from _ways(root, parts)
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


def _statuses(root: Any, worded: dict[str, Any]) -> Iterator[Fault]:
    for element in root.iter(f"{{{BPMN}}}*"):
        status = huduma(element, "status")
        if status and status not in plugs.statuses and status not in worded:
            remedy = f"use one of {', '.join(sorted(plugs.statuses))}; or word a notice for it in messages.yaml"
            yield Fault(PROCESS, line(element), f"the status {status!r} is unknown", remedy)


def _ways(root: Any, parts: dict[str, Any]) -> Iterator[Fault]:
    try:
        process = definitions.build(
            parts["process_bpmn"], parts.get("rules_dmn", ""), definitions.shared(parts["process_bpmn"])
        )
    except definitions.Faulty:
        return  # the check of the definition itself says so
    lines = {element.get("id"): line(element) for element in root.iter(f"{{{BPMN}}}*")}

    def at(key: str) -> int:
        """Return the line of a step or flow; of what calls it, where it lies in a shared process."""
        return lines.get(key.rpartition("/")[2]) or lines.get(key.partition("/")[0], 1)

    for gateway in process.steps.values():
        if gateway.kind in ("choice", "inclusive"):
            yield from _unmet(process, gateway, at)
            yield from _shared_default(process, gateway, at)
    for bill, document in ways.issued_unpaid(process):
        rule = f"the document is issued on a way where the bill of {bill!r} is not awaited"
        remedy = f"put {ways.WAIT} or the message {ways.PAID} before {document!r}"
        yield Fault(PROCESS, at(document), rule, remedy)


def _unmet(process: Process, gateway: Step, at: Callable[[str], int]) -> Iterator[Fault]:
    possible = ways.outcomes_at(process, gateway.key)
    for flow in gateway.out:
        for asked in sorted(rules.compared_with(flow.condition, "outcome")) if flow.condition else ():
            if possible is not None and asked not in possible:
                rule = f"the condition asks for the outcome {asked!r}, which no step before it can have"
                remedy = (
                    f"use one of {', '.join(sorted(possible))}" if possible else "put a task with outcomes before it"
                )
                yield Fault(PROCESS, at(flow.key), rule, remedy)


def _shared_default(process: Process, gateway: Step, at: Callable[[str], int]) -> Iterator[Fault]:
    """What asks an officer for a reason and what does not, such as a refusal and an approval, do not end the same way."""
    before = [process.steps[flow.source] for flow in gateway.into]
    asked = {
        value for flow in gateway.out if flow.condition for value in rules.compared_with(flow.condition, "outcome")
    }
    for task in before:
        if asked and task.kind in HUMAN:
            left = [outcome for key, outcome in task.outcomes.items() if key not in asked]
            if len({"reason" in outcome.needs for outcome in left}) > 1:
                named = " and ".join(repr(outcome.key) for outcome in left)
                rule = f"the outcomes {named} both go the default way {gateway.default!r}"
                yield Fault(PROCESS, at(gateway.key), rule, "add a flow for one of them")


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

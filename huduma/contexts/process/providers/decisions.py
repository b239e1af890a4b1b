"""Decision tables (DMN 1.3): hit policies UNIQUE and FIRST, FEEL unary tests, outputs computed by the small language."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from huduma.contexts.process import rules
from huduma.contexts.process.providers.xml import DMN, Fault, Unreadable, line, local, read
from huduma.foundation.access import Refusal

FILE = "rules.dmn"
POLICIES = ("UNIQUE", "FIRST")
SUPPORTED = {
    "definitions", "decision", "decisionTable", "input", "inputExpression", "text", "output", "rule", "inputEntry",
    "outputEntry", "description", "variable", "annotation", "annotationEntry", "outputValues", "inputValues",
}  # fmt: skip


class NoRule(Refusal):
    """The rules of this service do not cover these answers. Check them, or ask the office that decides."""


@dataclass(frozen=True)
class Row:
    """A rule of a table: a condition on each input, and an expression for each output."""

    line: int
    tests: tuple[str, ...]
    outputs: dict[str, str]
    annotation: str

    @property
    def condition(self) -> str:
        """All conditions in one."""
        return " and ".join(f"({test})" for test in self.tests)


@dataclass(frozen=True)
class Table:
    """A decision table."""

    key: str
    policy: str
    inputs: list[str]
    rows: list[Row]

    @property
    def outputs(self) -> set[str]:
        """The names that the table decides."""
        return {name for row in self.rows for name in row.outputs}

    def decide(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs for facts. Raises NoRule where none (or, with UNIQUE, more than one) applies."""
        hits = [row for row in self.rows if rules.evaluate(row.condition, facts)]
        if not hits or (self.policy == "UNIQUE" and len(hits) > 1):
            raise NoRule(decision=self.key, rules=[row.line for row in hits])
        return {name: rules.evaluate(text, facts) for name, text in hits[0].outputs.items()}


def decide(dmn: str, inputs: dict[str, Any], decision: str | None = None) -> dict[str, Any]:
    """Return what a decision table says for `inputs`. `decision`: its id; without it the file's first.

    Raises NoRule where no rule applies (or two do, with hit policy UNIQUE).
    """
    tables = read_tables(dmn)
    return tables[decision or next(iter(tables))].decide(inputs)


@lru_cache(maxsize=256)
def read_tables(dmn: str) -> dict[str, Table]:
    """Return the tables of a DMN file by decision id. Raises Unreadable."""
    root = read(dmn, FILE)
    for element in root.iter(f"{{{DMN}}}*"):
        if local(element) not in SUPPORTED:
            raise Unreadable(_fault(element, f"<{local(element)}> is not supported", "see docs/bpmn.md"))
    tables = {}
    for decision in root.iter(f"{{{DMN}}}decision"):
        table = decision.find(f"{{{DMN}}}decisionTable")
        if table is None:
            raise Unreadable(_fault(decision, "the decision has no decision table", "add one"))
        tables[decision.get("id", "")] = _table(decision.get("id", ""), table)
    if not tables:
        raise Unreadable(Fault(FILE, 1, "there is no decision", "add one, or remove the file"))
    return tables


def _table(key: str, element: etree._Element) -> Table:
    policy = element.get("hitPolicy", "UNIQUE")
    if policy not in POLICIES:
        raise Unreadable(_fault(element, f"the hit policy {policy} is not supported", f"use {' or '.join(POLICIES)}"))
    inputs = [_text(i.find(f"{{{DMN}}}inputExpression")) for i in element.findall(f"{{{DMN}}}input")]
    outputs = [o.get("name", "") for o in element.findall(f"{{{DMN}}}output")]
    if not inputs or not outputs or not all(inputs) or not all(name.isidentifier() for name in outputs):
        raise Unreadable(_fault(element, "an input has no expression, or an output no name", "name them"))
    return Table(key, policy, inputs, [_row(rule, inputs, outputs) for rule in element.findall(f"{{{DMN}}}rule")])


def _row(rule: etree._Element, inputs: list[str], outputs: list[str]) -> Row:
    tests = [_text(entry) for entry in rule.findall(f"{{{DMN}}}inputEntry")]
    values = [_text(entry) for entry in rule.findall(f"{{{DMN}}}outputEntry")]
    if len(tests) != len(inputs) or len(values) != len(outputs):
        raise Unreadable(_fault(rule, "the rule has not one cell for each column", "fill or remove cells"))
    conditions = tuple(rules.unary_test(test, name) for test, name in zip(tests, inputs, strict=True))
    try:
        for expression in (*conditions, *values):
            rules.names_in(expression)
    except rules.Forbidden as error:
        raise Unreadable(_fault(rule, str(error), "see the language in docs/bpmn.md")) from None
    described = rule.find(f"{{{DMN}}}description")
    annotation = (described.text or "") if described is not None else ""
    return Row(line(rule), conditions, dict(zip(outputs, values, strict=True)), annotation.strip())


def _text(element: etree._Element | None) -> str:
    text = element.find(f"{{{DMN}}}text") if element is not None else None
    return (text.text or "").strip() if text is not None else ""


def _fault(element: etree._Element, rule: str, remedy: str) -> Fault:
    return Fault(FILE, line(element), rule, remedy)

"""The fee schedule: dates, lines that exist, and a price for every case."""

import re
from typing import Any

from django.utils import timezone

from huduma.contexts.catalogue.providers.checks.names import names_in
from huduma.contexts.catalogue.providers.package import Package
from huduma.contexts.catalogue.rules import Domain, TooLarge, days_of, domain_of, fee_gaps, in_force

DECIDES = re.compile(r"<(?:\w+:)?output\b[^>]*\bname=\"([^\"]*)\"")
COUNTIES = tuple(f"{number:03}" for number in range(1, 48))


def domains(form: dict[str, Any] | None) -> dict[str, Domain]:
    """Return what each question of a form, and the size of each group, can be; and `age` and `sex` of a person."""
    found = {
        "age": Domain(least=0, most=130, is_number=True, is_whole=True),
        "sex": Domain(("F", "M", "X"), open=False),
    }
    if form is None:
        return found
    required, properties = set(form["schema"].get("required", [])), form["schema"]["properties"]
    for page in form["pages"]:
        for name in page["fields"]:
            ui, schema = form["ui"].get(name), properties.get(name)
            if ui is None or schema is None:
                continue
            conditions = [one["show_if"] for one in (page, ui) if "show_if" in one]
            asked: dict[str, Any] = {
                "optional": name not in required, "asked_if": {"allOf": conditions} if conditions else None
            }  # fmt: skip
            if ui["widget"] == "group":
                least, most = schema.get("minItems", 0), schema.get("maxItems", 50)
                found[f"{name}_count"] = Domain(least=least, most=most, is_number=True, is_whole=True, **asked)
            else:
                found[name] = domain_of(schema, values=COUNTIES if ui["widget"] == "county" else (), **asked)
    return found


def check_fees(package: Package, form: dict[str, Any] | None) -> None:
    """Note what is wrong with the lines, what no line covers, and a published price that the lines do not come to."""
    service = package.parts["service"]
    fees, known = service["fees"], domains(form)
    for number, fee in enumerate(fees):
        path: list[str | int] = ["fees", number]
        try:
            first, last = days_of(fee)
        except ValueError:
            package.fault("service", path, "a date that is none", "write it as 2026-01-31")
            return
        if first and last and last < first:
            package.fault("service", [*path, "to"], "the line ends before it begins", "correct one of the dates")
        decided = fee.get("decided_by")
        if decided and decided not in DECIDES.findall(package.parts.get("rules_dmn", "")):
            rule = f"rules.dmn decides no {decided!r}"
            package.fault("service", [*path, "decided_by"], rule, "name an output of a decision table")
        source = fee.get("amount_from")
        if source and form is not None and form["ui"].get(source, {}).get("widget") != "number":
            rule = f"{source!r} is no question for a number"
            package.fault("service", [*path, "amount_from"], rule, "name a question whose answer is the amount")
        for name in set(names_in(fee.get("when"))):
            if form is not None and name not in known:
                rule = f"the condition names {name!r}, which the form does not ask"
                package.fault("service", [*path, "when"], rule, "name a question, age or sex")
    if len({fee.get("currency", "KES") for fee in fees}) > 1:
        package.fault(
            "service", ["fees"], "the lines are in different currencies", "a bill has one: write all lines in the same"
        )
    _gaps(package, fees, known)
    costs = any(fee.get("amount") != 0 for fee in fees)
    if costs and package.is_runnable and 'huduma:action="raise-bill"' not in package.parts["process_bpmn"]:
        rule = "the schedule asks for money, and no step raises a bill"
        package.fault("service", ["fees"], rule, "add a service task with huduma:action raise-bill to process.bpmn")
    _published(package, fees)


def _published(package: Package, fees: list[dict[str, Any]]) -> None:
    """Each price that the charter says is one that a schedule of fixed amounts can come to."""
    said, today = package.parts["service"]["fee_kes"], timezone.localdate()
    if said is None or any("amount" not in fee or fee.get("currency", "KES") != "KES" for fee in fees):
        return
    totals = {0}
    for fee in fees:
        if in_force(fee, today):
            totals = {total + fee["amount"] for total in totals} | (totals if "when" in fee else set())
    for number, price in enumerate([said] if isinstance(said, int) else [one["amount"] for one in said]):
        if price not in totals:
            path: list[str | int] = ["fee_kes"] if isinstance(said, int) else ["fee_kes", number, "amount"]
            bills = ", ".join(str(total) for total in sorted(totals)[-10:])
            rule = f"the charter says {price} shillings, and the schedule bills {bills}"
            package.fault("service", path, rule, "let both say the same")


def _gaps(package: Package, fees: list[dict[str, Any]], known: dict[str, Domain]) -> None:
    """The schedule says for every case, from today on, what it costs."""
    try:
        gaps = fee_gaps(fees, known, timezone.localdate())
    except TooLarge:
        rule = "the conditions of the fees have too many combinations to be judged"
        package.fault("service", ["fees"], rule, "decide the amount in rules.dmn, and name it under decided_by")
        return
    for day, facts in gaps:
        case = ", ".join(f"{name} {value}" for name, value in facts.items()) or "every case"
        rule = f"on {day:%d %B %Y} no line says what this costs: {case}"
        package.fault("service", ["fees"], rule, "add a line; amount: 0 says that it is free")

"""What a package has to be beyond its schemas: each question worded, asked, used, and not known already; each fee covered."""

import re
import string
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from django.utils import timezone

from huduma.contexts.catalogue.providers.package import Package
from huduma.contexts.catalogue.rules import Domain, TooLarge, days_of, domain_of, fee_gaps, in_force

HELD = Path(__file__).parent.parent / "held.yaml"
OF_PERSON = ("full_name", "surname", "first_name", "other_names", "id_number", "birth_date", "sex")
OF_ORGANISATION = ("name", "registration_number", "kind")
NOTICE_FIELDS = frozenset({"reference", "service", "link", "amount"})
#: Turns that are told besides the statuses of the process.
TURNS = frozenset({"withdrawn", "payments.bill.settled", "payments.payment.failed", "credentials.credential.revoked"})
OFFICER_READS = re.compile(r"<(?:\w+:)?(?:userTask|manualTask)\b")
DECLARED_FACT = re.compile(r"<huduma:fact\b[^>]*\bname=\"([^\"]*)\"")
DECIDES = re.compile(r"<(?:\w+:)?output\b[^>]*\bname=\"([^\"]*)\"")
STATUS = re.compile(r"huduma:status=\"([^\"]*)\"")
#: What a step sends of its own: `<huduma:with name="notice" value="…"/>`.
NOTICE = re.compile(r'<\w+:with\s+name="notice"\s+value="([a-z0-9_]+)"')
COUNTIES = tuple(f"{number:03}" for number in range(1, 48))


#: What the charter of a service that runs has to say besides.
ONLINE = {
    "fees": "write what is billed; amount: 0 says that it is free",
    "purposes": "write why each question is asked, and by what right",
    "retention": "write how long answers are kept, and why",
}


def check(package: Package) -> None:
    """Note every fault that the parts of a package have together."""
    usable = set(package.parts) - package.wrong
    if "service" in usable and package.is_runnable:
        for key in ONLINE.keys() - package.parts["service"].keys():
            package.fault("service", [], f"people can apply online, and the charter has no {key!r}", ONLINE[key])
    if "form" in usable:
        _form(package)
        if "service" in usable:
            _charter_and_form(package)
    if "service" in usable and "fees" in package.parts["service"]:
        _fees(package, package.parts["form"] if "form" in usable else None)
    if "messages" in usable:
        _messages(package)


def _form(package: Package) -> None:
    form = package.parts["form"]
    properties, ui = form["schema"]["properties"], form["ui"]
    try:
        jsonschema_rs.Draft202012Validator(form["schema"])
    except ValueError as error:
        package.fault(
            "form", ["schema"], f"not a JSON Schema: {str(error)[:200]}", "correct it after JSON Schema 2020-12"
        )
    asked: list[str] = []
    known = {f"{name}_count" for name in ui if ui[name]["widget"] == "group"}
    earlier = {name for name in properties if "prefill" in ui.get(name, {})} | set(_looked_up(form))
    for number, page in enumerate(form["pages"]):
        _condition(package, ["pages", number, "show_if"], page.get("show_if"), earlier | known, properties)
        for name in page["fields"]:
            if name in asked:
                package.fault(
                    "form", ["pages", number, "fields"], f"the question {name!r} is asked twice", "ask it once"
                )
            if name not in properties:
                rule = f"the question {name!r} has no schema"
                package.fault("form", ["pages", number], rule, "describe it under schema.properties")
            if name not in ui:
                rule = f"the question {name!r} has no wording"
                package.fault("form", ["pages", number], rule, "add its label and widget under ui")
                continue
            _condition(package, ["ui", name, "show_if"], ui[name].get("show_if"), earlier | known, properties)
            if ui[name]["widget"] == "group":
                _group(package, name)
            asked.append(name)
            earlier.add(name)
    for name in properties:
        if name not in asked and not ui.get(name, {}).get("from_register") and "prefill" not in ui.get(name, {}):
            rule = f"the question {name!r} is never asked"
            package.fault("form", ["schema", "properties", name], rule, "put it on a page, or remove it")
        if name in ui and ui[name]["widget"] in ("radios", "select", "checkboxes"):
            _options(package, ["ui", name], ui[name], properties[name])
    for name in ui.keys() - properties.keys() - set(asked):
        package.fault("form", ["ui", name], f"{name!r} is worded and never asked", "ask it on a page, or remove it")
    for name in form["schema"].get("required", []):
        if name not in properties:
            package.fault("form", ["schema", "required"], f"there is no question {name!r}", "correct the name")
    _names(package, form, set(properties))
    _known_already(package, form, asked)
    _used(package, form, asked)


def _looked_up(form: dict[str, Any]) -> Iterable[str]:
    return list(form.get("lookup", {}).get("facts", {}))


def _condition(
    package: Package, path: list[str | int], condition: dict[str, Any] | None, earlier: set[str], properties: Any
) -> None:
    """A condition names earlier questions only, and says that they are required: or it holds before they are answered."""
    if condition is None:
        return
    try:
        jsonschema_rs.Draft202012Validator(condition)
    except ValueError as error:
        package.fault("form", path, f"not a JSON Schema: {str(error)[:200]}", "correct it after JSON Schema 2020-12")
        return
    for name in condition.get("properties", {}):
        if name not in earlier:
            rule = f"the condition names {name!r}, which is not asked before"
            package.fault(
                "form", path, rule, "name an earlier question, or move it" if name in properties else "correct it"
            )
        elif name not in condition.get("required", []):
            rule = f"the condition holds while {name!r} is not answered"
            package.fault("form", path, rule, f"add {name} to the condition's `required`")


def _group(package: Package, name: str) -> None:
    form = package.parts["form"]
    group, schema = form["ui"][name], form["schema"]["properties"].get(name, {})
    inner = schema.get("items", {}).get("properties", {})
    if schema.get("type") != "array" or not inner:
        rule = f"the group {name!r} has no schema of its entries"
        package.fault("form", ["schema", "properties", name], rule, "write type: array with items and their properties")
    earlier: set[str] = set()
    for field in group["fields"]:
        path: list[str | int] = ["ui", name, "questions", field]
        if field not in group["questions"]:
            rule = f"the question {field!r} of {name!r} has no wording"
            package.fault("form", ["ui", name], rule, "add it under questions")
            continue
        if inner and field not in inner:
            rule = f"the question {field!r} of {name!r} has no schema"
            package.fault("form", path, rule, "describe it under items.properties")
        ui = group["questions"][field]
        _condition(package, [*path, "show_if"], ui.get("show_if"), earlier, inner)
        if ui["widget"] in ("radios", "select", "checkboxes"):
            _options(package, path, ui, inner.get(field, {}))
        earlier.add(field)
    for field in inner:
        if field not in group["fields"]:
            rule = f"the question {field!r} of {name!r} is never asked"
            package.fault(
                "form", ["schema", "properties", name, "items", "properties", field], rule, "add it to fields"
            )
    if any(len(page["fields"]) > 1 for page in form["pages"] if name in page["fields"]):
        package.fault("form", ["ui", name], f"the group {name!r} shares its page", "give it a page of its own")


def _options(package: Package, path: list[str | int], ui: dict[str, Any], schema: dict[str, Any]) -> None:
    listed = schema.get("items", schema).get("enum")
    offered = [option["value"] for option in ui.get("options", [])]
    if not offered:
        package.fault("form", path, "there is nothing to choose from", "add options")
    elif not all(isinstance(value, str) for value in listed or ()):
        rule = f"YAML reads {[value for value in listed or () if not isinstance(value, str)]} in the enum, not words"
        package.fault("form", path, rule, "write yes, no, on, off and numbers in quotes")
    elif listed is None or set(listed) != set(offered):
        rule = f"options and schema differ: {sorted(set(map(str, listed or [])) ^ set(offered))}"
        package.fault("form", path, rule, "list the same values under options and in the schema's enum")


def _names(package: Package, form: dict[str, Any], known: set[str]) -> None:
    """Places that name a question or a page name one that exists."""

    def question(path: list[str | int], name: str, among: set[str] = known) -> None:
        if name not in among:
            package.fault("form", path, f"there is no question {name!r}", "correct the name")

    pages = {page["id"] for page in form["pages"]}
    for key in ("page", "by_hand_page"):
        if (page := form.get("lookup", {}).get(key)) and page not in pages:
            package.fault("form", ["lookup", key], f"there is no page {page!r}", "name a page of this form")
    for fact, name in form.get("lookup", {}).get("key", {}).items():
        question(["lookup", "key", fact], name)
    for name in _looked_up(form):
        question(["lookup", "facts", name], name)
    for key in ("county_field", "visit_county_field"):
        if key in form:
            question([key], form[key])
    for number, party in enumerate(form.get("agreements", [])):
        among = known
        if "group" in party:
            question(["agreements", number, "group"], party["group"])
            among = set(form["ui"].get(party["group"], {}).get("questions", {}))
        for key in ("name", "phone", "id_number"):
            if key in party:
                question(["agreements", number, key], party[key], among)
        for shown in party.get("shows", []):
            if shown not in pages:
                package.fault("form", ["agreements", number, "shows"], f"there is no page {shown!r}", "name a page")
        schema = form["schema"]["properties"]
        where = (
            schema.get(party.get("group"), {}).get("items", {}).get("properties", {}) if "group" in party else schema
        )
        if where.get(party["phone"], {}).get("format") != "mobile":
            rule = "a link cannot be sent to this number: it may be one that no text message reaches"
            package.fault("form", ["agreements", number, "phone"], rule, "give the question's schema format: mobile")
    if ("certificate" in form) != ("certificate_typ" in package.parts):
        rule = "certificate.typ and the form's certificate come together, and one is missing"
        package.fault("form", ["certificate"], rule, "add the other, or remove this one")
    for number, fact in enumerate(form.get("certificate", {}).get("facts", [])):
        holder, dot, what = fact["of"].partition(".")
        allowed = {"person": OF_PERSON, "organisation": OF_ORGANISATION}.get(holder, ()) if dot else known
        if (what if dot else holder) not in allowed:
            rule = f"the document names no question: {fact['of']!r}"
            package.fault("form", ["certificate", "facts", number, "of"], rule, "correct the name, or ask it")


@cache
def _held() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(HELD.read_text())
    return found


def _known_already(package: Package, form: dict[str, Any], asked: list[str]) -> None:
    """Government does not ask what it holds: about the applicant, that is; others are asked about by name."""
    of_others = {
        party[key] for party in form.get("agreements", []) for key in ("name", "phone", "id_number") if key in party
    }
    given = set(_looked_up(form)) | of_others
    for name in asked:
        ui = form["ui"][name]
        if ui["widget"] == "group" or ui.keys() & {"prefill", "although", "from_register"} or name in given:
            continue
        for held in _held():
            if name in held["names"] and (held["datum"].startswith("person") or form["applicant"] == "organisation"):
                rule = f"{name!r} is asked, and government holds it: {held['register']}"
                remedy = f"add prefill: {held['datum']}, or say under `although` why it is asked"
                package.fault("form", ["ui", name], rule, remedy)


def _used(package: Package, form: dict[str, Any], asked: list[str]) -> None:
    """Every question is used: by an officer who reads the case, or else by a rule, a template or a condition."""
    bpmn = package.parts.get("process_bpmn", "")
    if not bpmn or OFFICER_READS.search(bpmn):
        return
    used = set(DECLARED_FACT.findall(bpmn)) | set(form.get("lookup", {}).get("key", {}).values())
    used |= {fact["of"] for fact in form.get("certificate", {}).get("facts", [])}
    used |= {form[key] for key in ("county_field", "visit_county_field") if key in form}
    used |= {value for party in form.get("agreements", []) for value in party.values() if isinstance(value, str)}
    used |= set(_names_in([page.get("show_if") for page in form["pages"]]))
    used |= set(_names_in([ui.get("show_if") for ui in form["ui"].values()]))
    service = package.parts.get("service")
    if isinstance(service, dict) and "service" not in package.wrong:
        used |= set(_names_in([fee.get("when") for fee in service.get("fees", [])]))
        used |= {fee["amount_from"] for fee in service.get("fees", []) if "amount_from" in fee}
    dmn = package.parts.get("rules_dmn", "")
    for name in asked:
        if name not in used and f"{name}_count" not in used and not re.search(rf"\b{re.escape(name)}\b", dmn):
            rule = f"the answer to {name!r} is used by no step, rule or template"
            package.fault("form", ["ui", name], rule, "remove the question, or let a step use it")


def _names_in(conditions: Any) -> Iterator[str]:
    if isinstance(conditions, dict):
        yield from conditions.get("properties", {})
        yield from (name for name in conditions.get("required", []) if isinstance(name, str))
        conditions = list(conditions.values())
    if isinstance(conditions, list):
        for one in conditions:
            yield from _names_in(one)


def _charter_and_form(package: Package) -> None:
    """What the charter says of questions: each document's upload, and why each datum is asked."""
    service, form = package.parts["service"], package.parts["form"]
    ui = form["ui"]
    for number, document in enumerate(service.get("documents", [])):
        name = document.get("answer")
        if name is not None and ui.get(name, {}).get("widget") != "upload":
            rule = f"the document names no upload question: {name!r}"
            package.fault("service", ["documents", number, "answer"], rule, "name an upload question, or ask for it")
    if "purposes" not in service:
        return
    told = {name for purpose in service["purposes"] for name in purpose["data"]}
    for name in [name for page in form["pages"] for name in page["fields"]]:
        if name in ui and name not in told:
            rule = f"no purpose and lawful basis is given for {name!r}"
            package.fault("service", ["purposes"], rule, "add it to the data of a purpose")
    for number, purpose in enumerate(service["purposes"]):
        for name in purpose["data"]:
            if name not in ui:
                package.fault("service", ["purposes", number], f"there is no question {name!r}", "correct the name")


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


def _fees(package: Package, form: dict[str, Any] | None) -> None:
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
        for name in set(_names_in(fee.get("when"))):
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


def _messages(package: Package) -> None:
    bpmn = package.parts.get("process_bpmn", "")
    statuses = set(STATUS.findall(bpmn)) | set(NOTICE.findall(bpmn)) | TURNS
    for status, notice in package.parts["messages"].items():
        if bpmn and status not in statuses:
            rule = f"no step of the process has the status {status!r}, and none sends such a notice"
            package.fault("messages", [status], rule, f"use one of {', '.join(sorted(statuses))}")
        for kind, wording in notice.items():
            for language, text in wording.items():
                for name in _placeholders(text):
                    if name not in NOTICE_FIELDS:
                        rule = f"the notice names {{{name}}}, which is not known"
                        package.fault(
                            "messages", [status, kind, language], rule, "use reference, service, link or amount"
                        )


def _placeholders(text: str) -> Iterator[str]:
    try:
        yield from (name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    except ValueError:
        yield "a brace that is not closed"

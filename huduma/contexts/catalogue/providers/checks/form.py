"""The form: each question worded, asked once, used, and not known already."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from huduma.contexts.catalogue.providers.checks.names import names_in
from huduma.contexts.catalogue.providers.package import Package

HELD = Path(__file__).parents[2] / "held.yaml"
OF_PERSON = ("full_name", "surname", "first_name", "other_names", "id_number", "birth_date", "sex")
OF_ORGANISATION = ("name", "registration_number", "kind")
OFFICER_READS = re.compile(r"<(?:\w+:)?(?:userTask|manualTask)\b")
DECLARED_FACT = re.compile(r"<huduma:fact\b[^>]*\bname=\"([^\"]*)\"")


def check_form(package: Package) -> None:
    """Note what is wrong with the questions, their pages, conditions, groups and choices, and with places that name them."""
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
    used |= set(names_in([page.get("show_if") for page in form["pages"]]))
    used |= set(names_in([ui.get("show_if") for ui in form["ui"].values()]))
    service = package.parts.get("service")
    if isinstance(service, dict) and "service" not in package.wrong:
        used |= set(names_in([fee.get("when") for fee in service.get("fees", [])]))
        used |= {fee["amount_from"] for fee in service.get("fees", []) if "amount_from" in fee}
    dmn = package.parts.get("rules_dmn", "")
    for name in asked:
        if name not in used and f"{name}_count" not in used and not re.search(rf"\b{re.escape(name)}\b", dmn):
            rule = f"the answer to {name!r} is used by no step, rule or template"
            package.fault("form", ["ui", name], rule, "remove the question, or let a step use it")

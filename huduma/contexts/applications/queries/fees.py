"""What an application costs, and whether the applicant may make it, by the charter of its version."""

from datetime import date
from typing import Any
from uuid import UUID

from huduma.contexts.applications import rules
from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries.forms import all_answers, form_of, package_of
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.process import public as process
from huduma.foundation.access import SYSTEM

FEE = {"en": "Fee", "sw": "Ada"}


def fee_lines(application: Application, *, on: date, decided: dict[str, Any] | None = None) -> list[catalogue.FeeLine]:
    """Return what the answers cost on a day: by the fee schedule, or else by the decision tables or the charter's figure.

    `decided`: what the process's own tables said; without it they are asked. Raises process.NoRule.
    """
    package = package_of(application.version_id)
    service = package["service"]
    answers = all_answers(application)
    if decided is None and "rules_dmn" in package:
        decided = process.decide(package["rules_dmn"], answers)
    if "fees" in service:
        conditional = any("when" in fee for fee in service["fees"])
        known = known_facts(application.person_id, on) if conditional else {}
        return catalogue.fee_lines(service, on=on, facts={**answers, **known}, decided=decided)
    names = form_of(application).get("fees", {})
    fee = service["fee_kes"]
    amounts = rules.bill_lines(decided or {}) or (
        {"fee": int(fee * 100)} if isinstance(fee, int | float) and fee else {}
    )
    return [
        catalogue.FeeLine(code, names.get(code, FEE), cents, "KES", service["legal_basis"], None, None)
        for code, cents in amounts.items()
    ]


def known_facts(person_id: UUID, on: date) -> dict[str, Any]:
    """Return what is known of a person for conditions of fees and eligibility: `age` in years, `sex`. For operations and rules."""
    person = identity.get_person_for(SYSTEM, person_id)
    facts: dict[str, Any] = {"sex": person.sex} if person.sex else {}
    return {**facts, "age": catalogue.age_on(person.birth_date, on)} if person.birth_date else facts


def eligibility_of(
    version: catalogue.ServiceVersion, person_id: UUID, on: date
) -> list[tuple[dict[str, Any], bool | None]]:
    """Return each rule about who may apply, with whether it is met: None where registers do not say."""
    facts = known_facts(person_id, on)
    return [(rule, catalogue.verdict(rule["when"], facts)) for rule in version.part("service").get("eligibility", [])]

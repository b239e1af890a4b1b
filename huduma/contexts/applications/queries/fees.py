"""What an application costs, and whether the applicant may make it, by the charter of its version."""

from datetime import date
from typing import Any
from uuid import UUID

from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries.forms import all_answers, package_of
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.process import public as process
from huduma.foundation.access import SYSTEM


def fee_lines(application: Application, *, on: date, decided: dict[str, Any] | None = None) -> list[catalogue.FeeLine]:
    """Return what the answers cost on a day, by the fee schedule of the version.

    `decided`: what the process's own tables said; without it they are asked. Raises process.NoRule.
    """
    package = package_of(application.version_id)
    service = package["service"]
    answers = all_answers(application)
    if decided is None and "rules_dmn" in package:
        decided = process.decide(package["rules_dmn"], answers)
    conditional = any("when" in fee for fee in service["fees"])
    known = known_facts(application.person_id, on) if conditional else {}
    return catalogue.fee_lines(service, on=on, facts={**answers, **known}, decided=decided)


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

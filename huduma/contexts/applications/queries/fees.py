"""What an application costs."""

from huduma.contexts.applications import rules
from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries.forms import all_answers, form_of, package_of
from huduma.contexts.process import public as process


def fee_lines(application: Application) -> dict[str, int]:
    """Return what the answers cost: line → cents, by the decision tables or the charter. Raises process.NoRule."""
    package = package_of(application.version_id)
    if "rules_dmn" in package:
        return rules.bill_lines(process.decide(package["rules_dmn"], all_answers(application)))
    fee = package["service"]["fee_kes"]
    return {"fee": int(fee * 100)} if isinstance(fee, int | float) and fee else {}


def quote(application: Application) -> list[tuple[dict[str, str], int]]:
    """Return what the applicant will pay: wording and cents of each line."""
    return [(wording_of(application, line), cents) for line, cents in fee_lines(application).items()]


def wording_of(application: Application, line: str) -> dict[str, str]:
    """Return how a line of a bill is called."""
    fees: dict[str, dict[str, str]] = form_of(application).get("fees", {})
    return fees.get(line, {"en": "Fee", "sw": "Ada"})

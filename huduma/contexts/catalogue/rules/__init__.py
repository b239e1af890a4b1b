"""Pure decisions of the catalogue: words for search, conditions, fees on a date, who may apply, and what a table does not cover."""

from huduma.contexts.catalogue.rules.conditions import age_on, holds, verdict
from huduma.contexts.catalogue.rules.coverage import (
    Domain,
    TableFaults,
    TooLarge,
    domain_of,
    fee_gaps,
    table_faults,
)
from huduma.contexts.catalogue.rules.fees import FeeLine, days_of, fee_lines, in_force, schedule
from huduma.contexts.catalogue.rules.words import stem, words

__all__ = [
    "Domain",
    "FeeLine",
    "TableFaults",
    "TooLarge",
    "age_on",
    "days_of",
    "domain_of",
    "fee_gaps",
    "fee_lines",
    "holds",
    "in_force",
    "schedule",
    "stem",
    "table_faults",
    "verdict",
    "words",
]

"""All reads: measuring, reading what was measured, exporting logs."""

from huduma.contexts.reengineering.queries.exporting import to_csv, to_xes
from huduma.contexts.reengineering.queries.measuring import applicants_steps, cases_of, measure, spread, tally, teams_of
from huduma.contexts.reengineering.queries.reading import (
    get_measurement_for,
    get_simulation_for,
    list_innovations,
    list_innovations_for,
    list_services_for,
    list_simulations_for,
    may_analyse,
    measurements_for,
    require,
)

__all__ = [
    "applicants_steps",
    "cases_of",
    "get_measurement_for",
    "get_simulation_for",
    "list_innovations",
    "list_innovations_for",
    "list_services_for",
    "list_simulations_for",
    "may_analyse",
    "measure",
    "measurements_for",
    "require",
    "spread",
    "tally",
    "teams_of",
    "to_csv",
    "to_xes",
]

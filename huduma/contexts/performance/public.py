"""The front door of performance."""

from huduma.contexts.performance.models import Figure, Outcome
from huduma.contexts.performance.operations import roll_up
from huduma.contexts.performance.queries import (
    LEAST_CASES,
    WINDOW_DAYS,
    ServiceFigures,
    figures_of,
    list_cases_for,
    list_figures_for,
)

__all__ = [
    "LEAST_CASES",
    "WINDOW_DAYS",
    "Figure",
    "Outcome",
    "ServiceFigures",
    "figures_of",
    "list_cases_for",
    "list_figures_for",
    "roll_up",
]

"""The front door of re-engineering."""

from huduma.contexts.reengineering.models import Innovation, Measurement, Simulation
from huduma.contexts.reengineering.operations import (
    DraftFaulty,
    InnovationIncomplete,
    NothingMeasured,
    NothingToReplay,
    TeamNeeded,
    TooMuch,
    ask_measuring,
    ask_simulation,
    enter_innovation,
    export_log,
    measure_version,
    publish_innovation,
    run_simulation,
)
from huduma.contexts.reengineering.operations.measurements import SPAN
from huduma.contexts.reengineering.queries import (
    get_measurement_for,
    get_simulation_for,
    list_innovations,
    list_innovations_for,
    list_services_for,
    list_simulations_for,
    measurements_for,
    teams_of,
)

__all__ = [
    "SPAN",
    "DraftFaulty",
    "Innovation",
    "InnovationIncomplete",
    "Measurement",
    "NothingMeasured",
    "NothingToReplay",
    "Simulation",
    "TeamNeeded",
    "TooMuch",
    "ask_measuring",
    "ask_simulation",
    "enter_innovation",
    "export_log",
    "get_measurement_for",
    "get_simulation_for",
    "list_innovations",
    "list_innovations_for",
    "list_services_for",
    "list_simulations_for",
    "measure_version",
    "measurements_for",
    "publish_innovation",
    "run_simulation",
    "teams_of",
]

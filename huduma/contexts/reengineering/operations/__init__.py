"""All writes: measuring, simulating, exporting, telling of innovations."""

from huduma.contexts.reengineering.operations.innovations import (
    InnovationIncomplete,
    NothingMeasured,
    enter_innovation,
    publish_innovation,
)
from huduma.contexts.reengineering.operations.measurements import (
    ask_measuring,
    export_log,
    measure_lately,
    measure_service,
    measure_version,
)
from huduma.contexts.reengineering.operations.simulations import (
    DraftFaulty,
    NothingToReplay,
    TeamNeeded,
    TooMuch,
    ask_simulation,
    run_simulation,
)

__all__ = [
    "DraftFaulty",
    "InnovationIncomplete",
    "NothingMeasured",
    "NothingToReplay",
    "TeamNeeded",
    "TooMuch",
    "ask_measuring",
    "ask_simulation",
    "enter_innovation",
    "export_log",
    "measure_lately",
    "measure_service",
    "measure_version",
    "publish_innovation",
    "run_simulation",
]

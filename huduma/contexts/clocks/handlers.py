"""What clocks do when something happened elsewhere."""

from huduma.foundation import jobs
from huduma.foundation.journal import public as journal


@journal.handles("worktime.special_day.changed")
def on_special_day(entry: journal.Entry) -> None:
    """Carry a change of the working calendar into open clocks, in a job that may take its time."""
    jobs.defer("clocks.recompute", lock="clocks.recompute", day=entry.facts["day"])

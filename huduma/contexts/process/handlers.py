"""What processes do when something happened elsewhere."""

from huduma.foundation import jobs
from huduma.foundation.journal import public as journal


@journal.handles("worktime.special_day.changed")
def on_special_day(entry: journal.Entry) -> None:
    """Carry a change of the working calendar into timers that run, in a job that may take its time."""
    jobs.defer("process.recompute_timers", lock="process.recompute_timers", day=entry.facts["day"])

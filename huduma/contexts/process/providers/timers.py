"""When a timer of a process runs out."""

from datetime import datetime, timedelta
from typing import Any

from huduma.contexts.process import rules
from huduma.contexts.process.providers.steps import Step
from huduma.foundation.worktime import public as worktime


def due(step: Step, facts: dict[str, Any], now: datetime, calendar: worktime.Calendar | None = None) -> datetime:
    """Return when a timer that starts now runs out, in the given opening hours or those of offices. Raises rules.Forbidden."""
    assert step.clock is not None
    text = str(facts.get(step.clock.text) or step.clock.text)
    if step.clock.kind == "date":
        found = rules.moment(text)
        return (
            found
            if isinstance(found, datetime)
            else datetime(found.year, found.month, found.day, tzinfo=worktime.NAIROBI)
        )
    length = rules.duration(rules.cycle(text)[1] if step.clock.kind == "cycle" else text)
    if not step.clock.working:
        return now + length
    hours = calendar or worktime.calendar()
    end = hours.deadline(now, length.days, "working_days") if length.days else now
    minutes = (length - timedelta(days=length.days)).total_seconds() / 60
    return hours.deadline(end, minutes, "minutes") if minutes else end

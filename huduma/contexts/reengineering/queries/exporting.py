"""The log of a service for process mining: XES (IEEE 1849-2016) and CSV, written as it is read.

Cases and officers have pseudonyms: a keyed hash, the same in every export of a service, that leads back to nobody without the
installation's key. What applicants answered is in no event.
"""

import csv
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID
from xml.sax.saxutils import quoteattr

from django.conf import settings

from huduma.contexts.process import public as process

XES_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    '<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>\n'
    '<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>\n'
    '<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>\n'
    '<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>\n'
    '<global scope="trace"><string key="concept:name" value=""/></global>\n'
    '<global scope="event"><string key="concept:name" value=""/>'
    '<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/>'
    '<string key="lifecycle:transition" value="complete"/></global>\n'
    '<classifier name="Activity" keys="concept:name"/>\n'
    '<classifier name="Activity and lifecycle" keys="concept:name lifecycle:transition"/>\n'
)
CSV_HEAD = ("case", "activity", "transition", "timestamp", "resource", "role", "outcome")


def pseudonym(service_code: str, some_id: UUID) -> str:
    """Return the name under which an id appears in exports of a service."""
    key = f"export:{service_code}:{settings.SECRET_KEY}".encode()
    return hmac.new(key, some_id.bytes, hashlib.sha256).hexdigest()[:20]


def events(case: process.CaseLog, service_code: str) -> Iterator[tuple[str, str, datetime, str, str, str]]:
    """Yield a case's events in order of time: activity, transition, moment, resource, role, outcome."""
    found: list[tuple[str, str, datetime, str, str, str]] = [("submitted", "complete", case.started_at, "", "", "")]
    for stay in case.stays:
        who = pseudonym(service_code, stay.assignee_id) if stay.assignee_id else ""
        found.append((stay.step, "schedule", stay.came_at, "", stay.role, ""))
        if stay.taken_at:
            found.append((stay.step, "start", stay.taken_at, who, stay.role, ""))
        if stay.left_at:
            found.append((stay.step, "complete", stay.left_at, who, stay.role, stay.outcome))
    if case.ended_at:
        found.append((case.status or case.run, "complete", case.ended_at, "", "", ""))
    yield from sorted(found, key=lambda event: event[2])


def to_xes(cases: Iterable[process.CaseLog], service_code: str) -> Iterator[str]:
    """Yield an XES document, case by case."""
    yield XES_HEAD + _string("concept:name", service_code) + "\n"
    for case in cases:
        lines = [f"<trace>{_string('concept:name', pseudonym(service_code, case.case_id))}"]
        for activity, transition, at, who, role, outcome in events(case, service_code):
            line = _string("concept:name", activity) + _string("lifecycle:transition", transition)
            line += f'<date key="time:timestamp" value="{at.isoformat()}"/>'
            line += "".join(
                _string(key, value)
                for key, value in (("org:resource", who), ("org:role", role), ("outcome", outcome))
                if value
            )
            lines.append(f"<event>{line}</event>")
        yield "\n".join([*lines, "</trace>\n"])
    yield "</log>\n"


def _string(key: str, value: str) -> str:
    return f"<string key={quoteattr(key)} value={quoteattr(value)}/>"


class _Echo:
    def write(self, text: str) -> str:
        return text


def to_csv(cases: Iterable[process.CaseLog], service_code: str) -> Iterator[str]:
    """Yield the same as CSV, one line for each event."""
    writer = csv.writer(_Echo())
    yield writer.writerow(CSV_HEAD)
    for case in cases:
        name = pseudonym(service_code, case.case_id)
        for activity, transition, at, who, role, outcome in events(case, service_code):
            yield writer.writerow((name, activity, transition, at.isoformat(), who, role, outcome))

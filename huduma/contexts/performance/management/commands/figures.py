"""Figures of charters: work them out now, or list the cases behind one."""

import csv
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from huduma.contexts.performance import operations, queries
from huduma.foundation.access import Actor, Grant

#: Who runs a command on the machine has all rights to its database; the journal says that it was the command line.
OPERATOR = Actor(
    kind="system",
    channel="command",
    purpose="measuring",
    grants=frozenset({Grant("secretariat"), Grant("administrator")}),
)


class Command(BaseCommand):
    """`figures roll-up`, `figures behind SERVICE [--part county --value 047]`."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the two acts."""
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("roll-up")
        behind = acts.add_parser("behind")
        behind.add_argument("service")
        behind.add_argument("--part", choices=["all", "county", "channel"], default="all")
        behind.add_argument("--value", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the act."""
        if options["act"] == "roll-up":
            count = operations.roll_up(actor=OPERATOR, now=timezone.now())
            self.stdout.write(f"{count} figures worked out")
            return
        writer = csv.writer(sys.stdout)
        writer.writerow(
            ["case", "body", "county", "channel", "sent", "ended", "elapsed_seconds", "spent_seconds", "in_time"]
        )
        after, count = None, 0
        while True:
            rows, after = queries.list_cases_for(
                OPERATOR, service_code=options["service"], part=options["part"], value=options["value"], after=after
            )
            count += len(rows)
            for r in rows:
                told = "" if r.met is None else ("yes" if r.met else "no")
                writer.writerow(
                    [r.case_id, r.body_code, r.county_code, r.channel, r.started_at.isoformat(), r.ended_at.isoformat(),
                     r.elapsed_seconds, r.spent_seconds, told]
                )  # fmt: skip
            if after is None:
                break
        if not count:
            self.stderr.write(
                "No case is behind a figure of this service: a case counts from the night after it ended. "
                "`figures roll-up` counts those that ended before today."
            )

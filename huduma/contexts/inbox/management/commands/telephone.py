"""`manage.py telephone`: hear what our own exchange (Asterisk) tells of calls, until told to stop. One such process is enough."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from huduma.contexts.inbox import operations
from huduma.contexts.inbox.providers.asterisk import TOLD, Asterisk
from huduma.contexts.inbox.providers.base import channels
from huduma.foundation import http

log = logging.getLogger(__name__)

#: What the exchange has is compared with what we know so often, and whenever the line was broken.
COMPARE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 30.0


class Command(BaseCommand):
    """Listen, keep each event for a job, and set right what was missed; a line that broke is opened again, ever later."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """`--sounds`: only list what is to be recorded for the exchange."""
        parser.add_argument(
            "--sounds", action="store_true", help="list the sounds that the exchange needs, with their words"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["sounds"]:
            for language in ("sw", "en"):
                for name, words in operations.sounds_in(language).items():
                    self.stdout.write(f"{language}/huduma/{name}: {words}")
            return
        if not settings.ARI["url"]:
            raise CommandError("ARI_URL is not set: there is no exchange to listen to.")
        exchange = channels.get("asterisk")
        assert isinstance(exchange, Asterisk)
        pause = 1.0
        while True:
            began = time.monotonic()
            try:
                listen(exchange)
            except http.Unavailable as error:
                log.warning("the exchange cannot be heard (%s); trying again in %.0f s", error, pause)
            pause = 1.0 if time.monotonic() - began > LONGEST_PAUSE_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
            time.sleep(pause)


def listen(exchange: Asterisk) -> None:
    """Hear events until the line breaks. Raises http.Unavailable."""
    with exchange.events() as stream:  # opened before comparing, so that nothing happens between the two unheard
        compare_at = time.monotonic()
        while True:
            if time.monotonic() >= compare_at:
                operations.reconcile(exchange.seen(), timezone.now())
                compare_at = time.monotonic() + COMPARE_SECONDS
            try:
                event = stream.recv(timeout=max(compare_at - time.monotonic(), 0.0), decode=False)
            except TimeoutError:
                continue
            close_old_connections()
            if any(f'"{kind}"'.encode() in event for kind in TOLD):
                operations.keep_event(event, timezone.now())

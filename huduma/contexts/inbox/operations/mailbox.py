"""Fetching mail: each one kept in the same transaction as the mark of how far the mailbox was read; a dead mailbox is asked ever later."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from huduma.contexts.inbox import events
from huduma.contexts.inbox.models import Mailbox
from huduma.contexts.inbox.operations.intake import LARGEST_MAIL_BYTES, key_of, receive
from huduma.contexts.inbox.providers import imap
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

NAME = "help"
#: So many mails at a time; what is left is fetched by the next job.
BATCH = 200
LONGEST_PAUSE = timedelta(minutes=30)
#: A mailbox that cannot be read for so long is announced.
ANNOUNCE_AFTER = timedelta(minutes=15)


def fetch_mail(now: datetime) -> int:
    """Fetch what is new; returns how many mails. Does nothing where no mailbox is named, or its pause is not over."""
    configured: Any = settings.INBOX_IMAP
    if not configured["host"]:
        return 0
    address = imap.Address(**configured)
    box, _ = Mailbox.objects.get_or_create(name=NAME)
    if box.next_at is not None and box.next_at > now:
        return 0
    try:
        with imap.opened(address) as opened:
            since = (
                box.last_uid if box.validity == opened.validity else 0
            )  # renumbered: what was kept already is known again
            uids = opened.uids_after(since)
            for uid in uids[:BATCH]:
                if (size := opened.size_of(uid)) is None:
                    continue
                body = opened.bytes_of(uid, headers_only=size > LARGEST_MAIL_BYTES)
                _keep(opened.validity, uid, body, size, now)
    except imap.Unreachable as error:
        _failed(str(error), now)
        return 0
    _succeeded(now)
    if len(uids) > BATCH:
        jobs.defer("inbox.fetch_mail", once="inbox.fetch_mail", timestamp=0)
    return min(len(uids), BATCH)


@transaction.atomic
def _keep(validity: int, uid: int, body: bytes, size: int, now: datetime) -> None:
    """Keep a mail by what it is, not by its number: a mailbox that was renumbered brings nothing twice."""
    receive(source="email", key=key_of(body), headers={"uid": f"{validity}.{uid}"}, body=body, size=size, now=now)
    box = Mailbox.objects.select_for_update().get(name=NAME)
    box.last_uid = max(uid, box.last_uid) if box.validity == validity else uid
    box.validity = validity
    box.save(update_fields=["validity", "last_uid"])


@transaction.atomic
def _failed(problem: str, now: datetime) -> None:
    box = Mailbox.objects.select_for_update().get(name=NAME)
    box.failures += 1
    box.failing_since = box.failing_since or now
    box.problem = problem[:60]
    box.next_at = now + min(timedelta(minutes=2 ** min(box.failures - 1, 10)), LONGEST_PAUSE)
    if box.announced_at is None and now - box.failing_since >= ANNOUNCE_AFTER:
        box.announced_at = now
        event = events.MailboxFailed(mailbox=NAME, since_at=box.failing_since.isoformat())
        journal.record(actor=SYSTEM, event=event, now=now)
    box.save()


@transaction.atomic
def _succeeded(now: datetime) -> None:
    box = Mailbox.objects.select_for_update().get(name=NAME)
    if box.announced_at is not None and box.failing_since is not None:
        event = events.MailboxRecovered(mailbox=NAME, since_at=box.failing_since.isoformat())
        journal.record(actor=SYSTEM, event=event, now=now)
    box.read_at, box.failures, box.problem = now, 0, ""
    box.failing_since = box.announced_at = box.next_at = None
    box.save()

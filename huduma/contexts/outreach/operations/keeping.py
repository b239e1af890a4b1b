"""How long what tablets brought is kept."""

from datetime import datetime, timedelta

from django.db import transaction

from huduma.contexts.outreach.models import HeldFile, Record
from huduma.foundation.files import public as files

#: So long after its visit a record can be compared with what it became; then its application, ticket or payment is all there is.
KEEP_DAYS = 90
AT_ONCE = 500


@transaction.atomic
def forget(*, now: datetime) -> int:
    """Empty the records that have ended long ago, and drop the pieces of files whose tablet cannot send the rest any more.

    What counts stays: what kind, when, for which service, and what it became; so do the signature and
    the photo of the card of what was applied. Returns how many were emptied.
    """
    HeldFile.objects.filter(file=None, device__expires_at__lt=now).exclude(pieces=None).delete()
    long_ago = now - timedelta(days=KEEP_DAYS)
    ended = Record.objects.filter(state__in=["done", "refused"], visit__ends_at__lt=long_ago).exclude(body={})
    wanted = list(ended.values_list("id", flat=True)[:AT_ONCE])
    held = HeldFile.objects.filter(record_id__in=Record.objects.filter(id__in=wanted, state="refused").values("id"))
    of_nothing = list(held.exclude(file=None).values_list("file_id", flat=True))
    held.delete()
    for file_id in of_nothing:
        files.remove(file_id)
    return Record.objects.filter(id__in=wanted).update(body={}, facts={})

"""Files in pieces: what is here stays here, a piece is kept once, and the whole is checked before anything relies on it."""

import base64
import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.outreach import events, rules
from huduma.contexts.outreach.models import Device, HeldFile, Piece, Record
from huduma.contexts.outreach.operations.records import settle
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal

#: So many files may be on their way from one tablet.
MOST_FILES = 5000


class AnotherFile(Refusal):
    """Another file has this number. Take the photo again."""


class TooLong(Refusal):
    """This file or piece of it is larger than what is taken. Take a smaller photo."""


class TooManyPieces(Refusal):
    """This tablet sent more files than a visit can have. Ask your supervisor."""


class WrongOffset(Refusal):
    """The file does not go on here. Ask how much of it is there, and send the rest."""


class WrongChecksum(Refusal):
    """What arrived is not what was sent. Send it again."""


@transaction.atomic
def begin_file(
    *, actor: Actor, device_id: UUID, file_id: UUID, record_id: UUID, length: int, sha256: str, now: datetime
) -> HeldFile:
    """Expect a file of `length` bytes for a record, known by its SHA-256 (hexadecimal); again returns how far it is.

    Raises TooLong, AnotherFile, TooManyPieces.
    """
    if not 0 < length <= rules.PHOTO_BYTES:
        raise TooLong
    if HeldFile.objects.filter(device_id=device_id).count() >= MOST_FILES:
        raise TooManyPieces
    held, _ = HeldFile.objects.get_or_create(
        id=file_id,
        defaults={
            "device_id": device_id, "record_id": record_id, "length": length, "sha256": sha256, "began_at": now,
        },
    )  # fmt: skip
    if (held.device_id, held.record_id, held.length, held.sha256) != (device_id, record_id, length, sha256):
        raise AnotherFile
    return held


def add_piece(
    *, actor: Actor, device_id: UUID, file_id: UUID, offset: int, content: bytes, checksum: str, now: datetime
) -> int:
    """Keep the next piece of a file and return the offset of the one after it. `checksum`: its SHA-256 in base 64, or empty.

    With the last one the whole is checked, judged and scanned as any upload. A whole that is not what was announced begins anew;
    one that is not accepted refuses its record.
    Raises NotFound, TooLong, WrongOffset, WrongChecksum, files.NotScanned.
    """
    if len(content) > rules.PIECE_BYTES:
        raise TooLong
    if checksum and base64.b64encode(hashlib.sha256(content).digest()).decode() != checksum:
        raise WrongChecksum
    with transaction.atomic():
        offset, is_sound = _add(actor, device_id, file_id, offset, content, now)
    if not is_sound:
        raise WrongChecksum
    return offset


def _add(actor: Actor, device_id: UUID, file_id: UUID, offset: int, content: bytes, now: datetime) -> tuple[int, bool]:
    held = HeldFile.objects.select_for_update().filter(id=file_id, device_id=device_id).first()
    if held is None:
        raise NotFound
    if offset != held.offset:
        raise WrongOffset
    if offset + len(content) > held.length:
        raise TooLong
    if content:
        Piece.objects.create(held=held, offset=offset, content=content)
        held.offset += len(content)
    if content and held.offset == held.length:
        whole = b"".join(bytes(piece) for piece in held.pieces.values_list("content", flat=True))
        if files.digest(whole) != held.sha256:
            held.pieces.all().delete()
            held.offset = 0
            held.save(update_fields=["offset"])
            return 0, False
        _keep(actor, held, whole, now)
    held.save(update_fields=["offset", "file", "refusal"])
    return held.offset, True


def _keep(actor: Actor, held: HeldFile, whole: bytes, now: datetime) -> None:
    device = Device.objects.select_for_update().get(id=held.device_id)
    try:
        with transaction.atomic():
            held.file = files.store(actor=actor, content=whole, name=str(held.id), max_bytes=rules.PHOTO_BYTES, now=now)
    except files.NotScanned:
        raise
    except Refusal as refusal:
        held.refusal = refusal.default_message()
    else:
        event = events.FileReceived(
            device_id=device.id, visit_id=device.visit_id, account_id=device.account_id, record_id=held.record_id,
            file_id=held.file.id,
        )  # fmt: skip
        journal.record(actor=actor, event=event, now=now)
    held.pieces.all().delete()
    held.save(update_fields=["offset", "file", "refusal"])
    record = Record.objects.filter(id=held.record_id, device_id=held.device_id).first()
    if record is not None:
        settle(record)

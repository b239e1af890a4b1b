"""Storing and reading files: content is sniffed, sized and scanned before it is kept."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath
from uuid import UUID

import puremagic

from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.files import soundness
from huduma.foundation.files.models import StoredFile
from huduma.foundation.sockets import Registry

__all__ = [
    "DOCUMENTS", "IMAGES", "PDF", "Damaged", "Empty", "Infected", "NotScanned", "StoredFile", "TooLarge", "TooManyPoints", "WrongType",
    "digest", "get", "register_scanner", "remove", "store",
]  # fmt: skip

PDF = "application/pdf"
IMAGES = ("image/jpeg", "image/png")
DOCUMENTS = (PDF, *IMAGES)

Scanner = Callable[[bytes], str | None]

_scanners: Registry[Scanner] = Registry("file scanner")

#: The industry's harmless test virus (EICAR), so that the way of a refused file can be tried in any installation.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
ACTIVE_PDF = (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia")


class TooLarge(Refusal):
    """This file is too large. Take a smaller photo or scan at a lower quality, then try again."""


class Empty(Refusal):
    """This file is empty. Choose another file."""


class WrongType(Refusal):
    """This kind of file is not accepted here. Choose a file of a kind that is named beside the question."""


class Damaged(Refusal):
    """This file is damaged or did not arrive whole, so nobody could open it. See whether it opens on your device, then add it again."""


class TooManyPoints(Refusal):
    """This picture is too large to be shown. Take it again at a lower resolution, or make it smaller: at most 64 megapixels."""


class Infected(Refusal):
    """This file may harm other people's devices, so we did not keep it. Choose another file."""


class NotScanned(Refusal):
    """We cannot check files for harm at the moment. Your answers are saved: add the file again in a few minutes."""


def register_scanner(name: str, scanner: Scanner) -> None:
    """Plug in a scanner: given the bytes, it returns the name of what is wrong, or None; one that cannot be reached raises OSError."""
    _scanners.register(name, scanner)


def store(
    *,
    actor: Actor,
    content: bytes,
    name: str,
    accept: tuple[str, ...] = DOCUMENTS,
    max_bytes: int = 5_000_000,
    now: datetime,
) -> StoredFile:
    """Keep a file and return it. Its type is what its bytes say, whatever its name claims.

    Raises Empty, TooLarge, WrongType, Damaged, TooManyPoints, Infected, NotScanned.
    """
    if not content:
        raise Empty
    if len(content) > max_bytes:
        raise TooLarge(size=len(content), limit=max_bytes)
    content_type = sniff(content)
    if content_type not in accept:
        raise WrongType(found=content_type)
    try:
        if soundness.points_of(content, content_type) > soundness.MOST_POINTS:
            raise TooManyPoints
    except soundness.Broken:
        raise Damaged from None
    try:
        found = any(scanner(content) for _, scanner in _scanners.items())
    except OSError:
        raise NotScanned from None
    if found:
        raise Infected
    return StoredFile.objects.create(
        name=PurePath(name.replace("\\", "/")).name[-200:] or "file",
        content_type=content_type,
        size=len(content),
        sha256=digest(content),
        stored_at=now,
        stored_by=actor.account_id,
        content=content,
    )


def get(file_id: UUID) -> StoredFile:
    """Return a file with its bytes; the caller has checked that the reader may see it. Raises NotFound."""
    try:
        return StoredFile.objects.get(id=file_id)
    except StoredFile.DoesNotExist:
        raise NotFound from None


def remove(file_id: UUID) -> None:
    """Delete a file that its owner took back; the caller has checked that nothing relies on it."""
    StoredFile.objects.filter(id=file_id).delete()


def digest(content: bytes) -> str:
    """Return the SHA-256 by which a file is known."""
    return hashlib.sha256(content).hexdigest()


def sniff(content: bytes) -> str:
    """Return the media type that the bytes themselves show, or `application/octet-stream`."""
    try:
        return puremagic.from_string(content, mime=True) or "application/octet-stream"
    except (puremagic.PureError, ValueError):
        return "application/octet-stream"


def _built_in(content: bytes) -> str | None:
    if EICAR in content:
        return "EICAR-Test-File"
    if content.startswith(b"%PDF") and any(mark in content for mark in ACTIVE_PDF):
        return "active content in PDF"
    return None


register_scanner("built-in", _built_in)

"""Giving a kept file back to a reader who has been checked."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from huduma.foundation.files import public as files


def file_response(file: files.StoredFile) -> HttpResponse:
    """The file as a download: never shown inside our own origin, whatever it contains."""
    return attachment(bytes(file.content), file.name, file.content_type)


def attachment(content: bytes, name: str, content_type: str) -> HttpResponse:
    """Bytes as a download with a name."""
    disposition = content_disposition_header(True, name)
    headers = {"Content-Disposition": disposition or "attachment", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def sheet(rows: Iterable[Sequence[object]], name: str) -> HttpResponse:
    """Rows as CSV for a person's spreadsheet.

    It begins with a byte order mark, without which Excel takes UTF-8 for an older code; and text that a spreadsheet would take for a
    formula begins with an apostrophe (OWASP, CSV injection).
    """
    written = io.StringIO()
    csv.writer(written).writerows([[_plain(cell) for cell in row] for row in rows])
    return attachment(written.getvalue().encode("utf-8-sig"), name, "text/csv; charset=utf-8")


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell

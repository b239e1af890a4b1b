"""Giving a kept file back to a reader who has been checked."""

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

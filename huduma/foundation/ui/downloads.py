"""Giving a kept file back to a reader who has been checked."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from huduma.foundation.files import public as files


def file_response(file: files.StoredFile) -> HttpResponse:
    """The file as a download: never shown inside our own origin, whatever it contains."""
    disposition = content_disposition_header(True, file.name)
    headers = {"Content-Disposition": disposition or "attachment", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(file.content), content_type=file.content_type, headers=headers)

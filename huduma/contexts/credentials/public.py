"""The front door of credentials."""

from huduma.contexts.credentials.models import Credential
from huduma.contexts.credentials.operations import ReasonMissing, issue_credential, revoke_credential
from huduma.contexts.credentials.queries import (
    Verdict,
    document_ids_of,
    document_of,
    get_document_for,
    verify_document,
    verify_reference,
)

__all__ = [
    "Credential",
    "ReasonMissing",
    "Verdict",
    "document_ids_of",
    "document_of",
    "get_document_for",
    "issue_credential",
    "revoke_credential",
    "verify_document",
    "verify_reference",
]

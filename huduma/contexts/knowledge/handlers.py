"""What happens to articles when a charter changes."""

from huduma.contexts.knowledge import operations
from huduma.foundation.journal import public as journal


@journal.handles("catalogue.charter.changed")
def on_charter(entry: journal.Entry) -> None:
    """List the articles about the service for review."""
    operations.mark_for_review(service_code=entry.facts["service_code"], now=entry.at)

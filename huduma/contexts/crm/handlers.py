"""What programs of bodies are told of."""

from huduma.contexts.crm import operations, rules
from huduma.foundation.journal import public as journal


@journal.handles(*rules.TYPES)
def on_news(entry: journal.Entry) -> None:
    """Queue webhooks about a matter."""
    operations.tell(entry)

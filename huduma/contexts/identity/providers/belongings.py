"""The socket of joined records: where a context says which column of its rows names the person whose they are."""

from dataclasses import dataclass

from django.db.models import Model

from huduma.foundation.sockets import Registry


@dataclass(frozen=True)
class Belonging:
    """Rows that are somebody's: `column` holds the person's id; `words` name one row in English, "" where nobody is asked about it."""

    model: type[Model]
    column: str
    words: str


belongings: Registry[Belonging] = Registry("belonging of a person")


def register_belonging(model: type[Model], column: str, words: str = "") -> None:
    """Plug in a column. What it names moves when records are joined, and goes back when they are parted."""
    belongings.register(f"{model._meta.label}.{column}", Belonging(model, column, words))

"""Money as integer minor units and a currency; never a float."""

from dataclasses import dataclass

SYMBOLS = {"KES": "KSh", "USD": "US$"}


@dataclass(frozen=True, order=True)
class Money:
    """An amount: `cents` are minor units (1/100), `currency` is an ISO 4217 code."""

    cents: int
    currency: str = "KES"

    def __str__(self) -> str:
        return format_cents(self.cents, self.currency)


def format_cents(cents: int, currency: str = "KES") -> str:
    """Return the amount as Kenyans write it: `KSh 1,050.00`."""
    whole, part = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency)} {whole:,}.{part:02d}"


def plain(cents: int) -> str:
    """Return the amount without its currency, for a column of figures: `1,050.00`."""
    whole, part = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{part:02d}"


def decimal_text(cents: int) -> str:
    """Return the amount as files of banks want it: `1050.00`."""
    return plain(cents).replace(",", "")

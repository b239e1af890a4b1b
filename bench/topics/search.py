"""Finding a service by a synonym, by misspelt words and in Kiswahili, over the whole catalogue."""

from bench.rates import median_rate
from huduma.contexts.catalogue import public as catalogue


def measure(url: str) -> None:
    """Milliseconds a search, without a page around it."""
    for typed in ("good conduct", "birht certifcate", "kibali cha biashara"):
        print(f"search {typed!r:<26} {1000 / median_rate(lambda typed=typed: catalogue.search(typed), 100):8.2f} ms")

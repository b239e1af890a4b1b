"""Births as hospitals and assistant chiefs notify them to Civil Registration. No public interface exists: the shape is assumed."""

from typing import ClassVar
from urllib.parse import quote

from huduma.contexts.exchange.providers.base import Connector, Down, Facts, Missing
from huduma.foundation import http

READ_SECONDS = 10.0


class BirthNotifications(Connector):
    """Asks by the number on the notification slip."""

    allowed: ClassVar = (
        "child_name",
        "born_on",
        "sex",
        "place",
        "county",
        "mother_name",
        "mother_id",
        "father_name",
        "father_id",
    )
    confidence: ClassVar = "assumed"

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def ask(self, key: dict[str, str]) -> Facts:
        """Return a notified birth. `key`: slip."""
        url = f"{self._base_url}/notifications/{quote(key['slip'], safe='')}"
        try:
            with http.client(READ_SECONDS) as client:
                response = http.request(client, "GET", url)
        except http.Unavailable as error:
            raise Down(str(error)) from None
        if response.status_code == 404:
            raise Missing
        if response.status_code != 200:
            raise Down(f"HTTP {response.status_code}")
        found = response.json()
        return {name: found.get(name) for name in self.allowed}

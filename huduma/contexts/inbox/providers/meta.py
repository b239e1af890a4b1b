"""What WhatsApp Cloud and Messenger share: webhooks signed by our app's secret, the Graph API out, after their public documentation."""

import hashlib
import hmac
import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from huduma.contexts.inbox.providers.base import MALFORMED, Channel, News, Refused, Unread, Unreadable, id_in
from huduma.foundation import http

READ_SECONDS = 15.0


class MetaChannel(Channel):
    """A channel of Meta's. A free message may go out only within a day of the customer's last one."""

    confidence: ClassVar = "spec-conformant"
    sends: ClassVar = True
    window: ClassVar = timedelta(hours=24)
    #: By which error (code, subcode) the company says that this day is over.
    window_over: ClassVar[tuple[int, int | None]]

    def __init__(self, base_url: str, account_id: str, token: str, app_secret: str) -> None:
        self._url, self._token, self._secret = f"{base_url}/{account_id}/messages", token, app_secret
        self._account_id = account_id

    def is_signed(self, body: bytes, signature: str) -> bool:
        """Whether a webhook is signed by our app's secret (`X-Hub-Signature-256`)."""
        expected = "sha256=" + hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        return bool(self._secret) and hmac.compare_digest(expected.encode(), signature.encode())

    def read(self, headers: Mapping[str, str], body: bytes) -> list[News]:
        """Return the messages and receipts of a webhook as they were written: one may carry many, in any order.

        One that cannot be read keeps none of the others from being taken.
        """
        try:
            parts = sorted(self._parts(json.loads(body)), key=_moment)
        except MALFORMED as error:
            raise Unreadable("malformed") from error
        return [one for part in parts for one in self._each(part)]

    def _each(self, part: dict[str, Any]) -> list[News]:
        try:
            return list(self._news(part))
        except MALFORMED:
            return [Unread("malformed")]

    @abstractmethod
    def _parts(self, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Return the messages and receipts of a webhook, as the company writes them."""

    @abstractmethod
    def _news(self, part: dict[str, Any]) -> Iterator[News]:
        """Return what one of them says."""

    def _post(self, content: dict[str, Any], *where: str | int) -> str:
        """Hand over one message; its id stands there in the answer. Raises Refused, http.Unavailable."""
        with http.client(READ_SECONDS) as client:
            answer = http.request(
                client, "POST", self._url, json=content, headers={"Authorization": f"Bearer {self._token}"}
            )
        if answer.status_code == 200:
            return id_in(answer, *where)
        try:
            error = answer.json()["error"]
            code, subcode = error["code"], error.get("error_subcode")
        except (ValueError, TypeError, KeyError, AttributeError):
            code, subcode = answer.status_code, None
        over, over_subcode = self.window_over
        is_over = code == over and over_subcode in (None, subcode)
        raise Refused("window_over" if is_over else str(code))


def _moment(part: dict[str, Any]) -> int:
    told = str(part.get("timestamp", ""))
    return int(told) if told.isdecimal() and len(told) < 20 else 0

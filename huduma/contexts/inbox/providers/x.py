"""Direct messages on X: webhooks signed by the consumer secret in, v2 of its API with OAuth 1.0a out, after its public documentation."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from oauthlib.oauth1 import Client

from huduma.contexts.inbox.providers.base import MALFORMED, Channel, Incoming, News, Refused, Unreadable, id_in
from huduma.foundation import http

READ_SECONDS = 15.0
#: What X asks us to sign. The same secret signs its webhooks, so nothing is signed in which one could be written.
ASKED = re.compile(r"[A-Za-z0-9+/=_.~-]{1,500}")


class X(Channel):
    """Our account on X. It tells of no receipts, so that what it took counts as sent."""

    confidence: ClassVar = "spec-conformant"
    sends: ClassVar = True
    longest: ClassVar = 10_000

    def __init__(self, base_url: str, consumer: tuple[str, str], token: tuple[str, str]) -> None:
        self._url, self._consumer, self._token = f"{base_url}/2/dm_conversations/with", consumer, token

    def challenge(self, asked: str) -> str | None:
        """Return the answer to the check of our address: what was asked, signed; None where we have no secret, or it is no mere word."""
        return self._signature(asked.encode()) if self._consumer[1] and ASKED.fullmatch(asked) else None

    def is_signed(self, body: bytes, signature: str) -> bool:
        """Whether a webhook is signed by our consumer secret (`x-twitter-webhooks-signature`)."""
        return bool(self._consumer[1]) and hmac.compare_digest(self._signature(body).encode(), signature.encode())

    def _signature(self, content: bytes) -> str:
        digest = hmac.new(self._consumer[1].encode(), content, hashlib.sha256).digest()
        return "sha256=" + base64.b64encode(digest).decode()

    def read(self, headers: Mapping[str, str], body: bytes) -> list[News]:
        """Return the direct messages of a webhook that others wrote; other activities of the account say nothing to us."""
        try:
            return list(_news(json.loads(body)))
        except MALFORMED as error:
            raise Unreadable("malformed") from error

    def send(self, *, to: str, text: str, mark: str) -> str:
        """Hand over one direct message."""
        signer = Client(
            self._consumer[0],
            client_secret=self._consumer[1],
            resource_owner_key=self._token[0],
            resource_owner_secret=self._token[1],
        )
        url, headers, _ = signer.sign(f"{self._url}/{to}/messages", http_method="POST")  # a body of JSON is not signed
        with http.client(READ_SECONDS) as client:
            answer = http.request(client, "POST", url, json={"text": text}, headers=headers)
        if answer.status_code == 429:
            raise http.Unavailable("HTTP 429", sent=False, status=429)  # too many for now: the job tries again
        if answer.status_code not in (200, 201):
            raise Refused(str(answer.status_code))
        return id_in(answer, "data", "dm_event_id")


def _news(told: dict[str, Any]) -> Iterator[News]:
    ours = str(told["for_user_id"])
    for event in told.get("direct_message_events", []):
        said = event.get("message_create", {})
        if event["type"] != "message_create" or str(said["sender_id"]) == ours:
            continue
        sender = str(said["sender_id"])
        yield Incoming(
            address=sender[:254],
            outside_id=str(event["id"])[:300],
            text=str(said["message_data"].get("text", "")).replace("\x00", "")[:10_000],
            name=str(told.get("users", {}).get(sender, {}).get("name", ""))[:150],
        )

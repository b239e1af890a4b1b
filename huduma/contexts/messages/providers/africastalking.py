"""Africa's Talking, after its public documentation (POST /messaging, form-encoded, header apiKey)."""

from typing import ClassVar

from huduma.contexts.messages.providers.base import Refused, SmsProvider, Uncertain
from huduma.foundation import http

READ_SECONDS = 15.0
ACCEPTED = (100, 101, 102)  # processed, sent, queued


class AfricasTalking(SmsProvider):
    """Sends through Africa's Talking."""

    confidence: ClassVar = "spec-conformant"

    def __init__(self, base_url: str, username: str, api_key: str, sender: str) -> None:
        self._url = f"{base_url}/messaging"
        self._username, self._api_key, self._sender = username, api_key, sender

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message."""
        form = {"username": self._username, "to": to, "message": text, "from": self._sender, "bulkSMSMode": "1"}
        headers = {"apiKey": self._api_key, "Accept": "application/json"}
        try:
            with http.client(READ_SECONDS) as client:
                response = http.request(client, "POST", self._url, data=form, headers=headers)
        except http.Unavailable as error:
            if error.sent and error.status is None:
                raise Uncertain(str(error)) from None
            raise Refused(str(error)) from None
        if response.status_code != 201:
            raise Refused(f"HTTP {response.status_code}")
        recipients = response.json()["SMSMessageData"]["Recipients"]
        if not recipients or recipients[0]["statusCode"] not in ACCEPTED:
            raise Refused(recipients[0]["status"] if recipients else "no recipient accepted")
        return str(recipients[0]["messageId"])

"""The second company: any that speaks Twilio's Messaging API (form-encoded, Basic authentication, signed callbacks)."""

import base64
import hashlib
import hmac
from typing import ClassVar

from huduma.contexts.messages.providers.base import Refused, SmsProvider, Uncertain
from huduma.foundation import http

READ_SECONDS = 15.0


class Twilio(SmsProvider):
    """Sends through a Twilio-shaped API."""

    confidence: ClassVar = "spec-conformant"

    def __init__(self, base_url: str, account_sid: str, auth_token: str, sender: str, callback_url: str) -> None:
        self._url = f"{base_url}/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._auth, self._sender, self._callback_url = (account_sid, auth_token), sender, callback_url

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message."""
        form = {"To": to, "From": self._sender, "Body": text, "StatusCallback": self._callback_url}
        try:
            with http.client(READ_SECONDS) as client:
                response = http.request(client, "POST", self._url, data=form, auth=self._auth)
        except http.Unavailable as error:
            if error.sent and error.status is None:
                raise Uncertain(str(error)) from None
            raise Refused(str(error)) from None
        if response.status_code != 201:
            raise Refused(f"HTTP {response.status_code}")
        return str(response.json()["sid"])


def signature_of(*, url: str, fields: dict[str, str], auth_token: str) -> str:
    """Return Twilio's signature of a callback: base64 HMAC-SHA1 over the URL and the sorted fields."""
    text = url + "".join(key + fields[key] for key in sorted(fields))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_signed(*, url: str, fields: dict[str, str], signature: str, auth_token: str) -> bool:
    """Whether a callback carries Twilio's signature; without a token of ours none does."""
    expected = signature_of(url=url, fields=fields, auth_token=auth_token)
    return bool(auth_token) and hmac.compare_digest(expected.encode(), signature.encode())

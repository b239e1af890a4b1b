"""The line to M-Pesa: its token, its password, its sealed credential, and calls that say how certain their failure is."""

import base64
from datetime import timedelta
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.utils import timezone

from huduma.contexts.payments.providers.base import READ_SECONDS, Rejected, SharedToken, Uncertain
from huduma.contexts.payments.providers.daraja.notices import NAIROBI
from huduma.foundation import http

TOKEN_LIFE = timedelta(minutes=55)  # of 59:59; refreshed early
INVALID_TOKEN = ("404.001.03", "400.003.01", "400.003.02", "401.002.01")


def password(shortcode: str, passkey: str, timestamp: str) -> str:
    """Return the STK password: base64 of short code, passkey and time stamp."""
    return base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()


class Line:
    """One organisation's access to the API."""

    def __init__(
        self, *, base_url: str, consumer_key: str, consumer_secret: str, shortcode: str, passkey: str, initiator: str,
        initiator_password: str, certificate: str, shared_token: SharedToken,
    ) -> None:  # fmt: skip
        self.shortcode = shortcode
        self._base_url, self._basic, self._passkey = base_url, (consumer_key, consumer_secret), passkey
        self._initiator, self._initiator_password, self._certificate = initiator, initiator_password, certificate
        self._shared_token = shared_token

    def signed(self) -> dict[str, str]:
        """Return what signs a request about a prompt."""
        stamp = timezone.now().astimezone(NAIROBI).strftime("%Y%m%d%H%M%S")
        secret = password(self.shortcode, self._passkey, stamp)
        return {"BusinessShortCode": self.shortcode, "Password": secret, "Timestamp": stamp}

    def initiated(self, result_url: str) -> dict[str, str]:
        """Return who orders, sealed for the owner alone, and where the result is awaited."""
        key = x509.load_pem_x509_certificate(self._certificate.encode()).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        sealed = key.encrypt(self._initiator_password.encode(), padding.PKCS1v15())
        return {
            "Initiator": self._initiator, "SecurityCredential": base64.b64encode(sealed).decode(),
            "QueueTimeOutURL": f"{result_url}late/", "ResultURL": result_url,
        }  # fmt: skip

    def call(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the HTTP status and the JSON of an answer. Raises Rejected, Uncertain."""
        with http.client(READ_SECONDS) as client:
            for fresh in (False, True):
                headers = {"Authorization": f"Bearer {self._token(client, fresh=fresh)}"}
                try:
                    response = client.post(self._base_url + path, json=body, headers=headers)
                    answer = response.json()
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    raise Rejected("gateway") from None
                except (httpx.HTTPError, ValueError) as error:
                    raise Uncertain(type(error).__name__) from None
                if answer.get("errorCode") not in INVALID_TOKEN:
                    break
        return response.status_code, answer

    def _token(self, client: httpx.Client, *, fresh: bool) -> str:
        def issue() -> tuple[str, timedelta]:
            url = f"{self._base_url}/oauth/v1/generate?grant_type=client_credentials"
            try:
                answer = http.request(client, "GET", url, auth=self._basic)
                return str(answer.json()["access_token"]), TOKEN_LIFE
            except (http.Unavailable, ValueError, KeyError):
                raise Rejected("gateway") from None

        return self._shared_token("mpesa", fresh, issue)

"""M-Pesa Daraja 3.0: STK push and query. Callbacks are unsigned: what they claim is confirmed by a query before money is credited."""

import base64
import json
from datetime import timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import httpx
from django.utils import timezone

from huduma.contexts.payments.providers.base import Gateway, Malformed, Notice, Rejected, Result, SharedToken, Uncertain
from huduma.foundation import http

READ_SECONDS = 30.0
TOKEN_LIFE = timedelta(minutes=55)  # of 59:59; refreshed early
INVALID_TOKEN = ("404.001.03", "400.003.01", "400.003.02", "401.002.01")
LOCKED = "500.001.1001"
#: Result codes of the STK family → our reasons. Anything unknown is "other".
REASONS = {
    "1": "balance", "2": "limits", "3": "limits", "4": "limits", "8": "limits", "17": "too-soon", "1001": "busy",
    "1019": "expired", "1025": "unreachable", "9999": "unreachable", "1032": "cancelled", "1037": "unreachable",
    "2001": "pin", "8006": "locked",
}  # fmt: skip


def password(shortcode: str, passkey: str, timestamp: str) -> str:
    """Return the STK password: base64 of short code, passkey and time stamp."""
    return base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()


class Daraja(Gateway):
    """Lipa na M-Pesa Online."""

    confidence: ClassVar = "spec-conformant"

    def __init__(
        self,
        *,
        base_url: str,
        consumer_key: str,
        consumer_secret: str,
        shortcode: str,
        passkey: str,
        shared_token: SharedToken,
    ) -> None:
        self._base_url = base_url
        self._basic = (consumer_key, consumer_secret)
        self._shortcode, self._passkey = shortcode, passkey
        self._shared_token = shared_token

    def push(self, *, phone: str, amount_cents: int, reference: str, callback_url: str) -> str:
        """Show the prompt on the payer's phone; whole shillings only."""
        whole, cents = divmod(amount_cents, 100)
        if cents:
            raise Rejected("not-whole")
        msisdn = phone.removeprefix("+")
        body = {
            **self._signed(),
            "TransactionType": "CustomerPayBillOnline",
            "Amount": whole,
            "PartyA": msisdn,
            "PartyB": self._shortcode,
            "PhoneNumber": msisdn,
            "CallBackURL": callback_url,
            "AccountReference": reference[:12],
            "TransactionDesc": "Huduma",
        }
        status, answer = self._call("/mpesa/stkpush/v1/processrequest", body)
        if status == 200 and str(answer.get("ResponseCode")) == "0" and answer.get("CheckoutRequestID"):
            return str(answer["CheckoutRequestID"])
        code = str(answer.get("errorCode", ""))
        if code == LOCKED and "lock" in str(answer.get("errorMessage", "")).lower():
            raise Rejected("busy")
        raise Rejected("gateway")

    def query(self, checkout_id: str) -> Result:
        """Ask for the result; any error envelope means that it is still open."""
        body = {**self._signed(), "CheckoutRequestID": checkout_id}
        try:
            status, answer = self._call("/mpesa/stkpushquery/v1/query", body)
        except (Uncertain, Rejected):
            return Result("pending")
        return _result(answer["ResultCode"]) if status == 200 and "ResultCode" in answer else Result("pending")

    def parse(self, body: bytes) -> Notice:
        """Read `Body.stkCallback`, taking numbers and text alike."""
        try:
            callback = json.loads(body)["Body"]["stkCallback"]
            items = callback.get("CallbackMetadata", {}).get("Item", [])
            facts = {item["Name"]: item.get("Value") for item in items}
            amount = facts.get("Amount")
            return Notice(
                checkout_id=str(callback["CheckoutRequestID"]),
                result=_result(callback["ResultCode"]),
                amount_cents=round(float(amount) * 100) if amount is not None else None,
                receipt=str(facts["MpesaReceiptNumber"])[:30] if facts.get("MpesaReceiptNumber") else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise Malformed(type(error).__name__) from None

    def _signed(self) -> dict[str, str]:
        stamp = timezone.now().astimezone(ZoneInfo("Africa/Nairobi")).strftime("%Y%m%d%H%M%S")
        secret = password(self._shortcode, self._passkey, stamp)
        return {"BusinessShortCode": self._shortcode, "Password": secret, "Timestamp": stamp}

    def _call(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
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


def _result(code: Any) -> Result:
    text = str(code).strip()
    return Result("paid") if text == "0" else Result("failed", REASONS.get(text, "other"))

"""Airtel Money Open API (Kenya). Requests are signed (v2); callbacks carry a hash where that is switched on, and are confirmed anyway."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import httpx
from cryptography.hazmat.primitives import padding as blocks
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from huduma.contexts.payments.providers.base import (
    PENDING,
    READ_SECONDS,
    Asked,
    Gateway,
    Malformed,
    Notice,
    Order,
    Rejected,
    Repayment,
    Repays,
    Result,
    SharedToken,
    Started,
    Uncertain,
    cents,
    json_object,
)
from huduma.foundation import http

TOKEN_LIFE = timedelta(seconds=150)  # of 180
CODES = {
    "DP00800001002": "pin", "DP00800001003": "limits", "DP00800001004": "limits", "DP00800001005": "expired",
    "DP00800001007": "balance", "DP00800001008": "cancelled", "DP00800001010": "not-registered",
    "DP00800001024": "expired", "DP00800001029": "expired",
}  # fmt: skip
NOT_FOUND = "DP00800001025"
DUPLICATES = ("DP00900001011", "DP00900001017")


def _public(der: str) -> rsa.RSAPublicKey:
    key = load_der_public_key(base64.b64decode(der))
    if not isinstance(key, rsa.RSAPublicKey):
        raise Rejected("gateway")
    return key


def signed(body: bytes, key: rsa.RSAPublicKey) -> dict[str, str]:
    """Return the two signing headers: the body under AES-256-CBC with a fresh key, and that key under Airtel's RSA key."""
    secret, start = secrets.token_bytes(32), secrets.token_bytes(16)
    padder = blocks.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    sealed = encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()
    pair = base64.b64encode(secret) + b":" + base64.b64encode(start)
    return {
        "x-signature": base64.b64encode(sealed).decode(),
        "x-key": base64.b64encode(key.encrypt(pair, padding.PKCS1v15())).decode(),
    }


def callback_hash(transaction: Mapping[str, Any], secret: str) -> str:
    """Return the hash of a callback: HMAC-SHA256 over the compact JSON of its transaction."""
    text = json.dumps(transaction, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Airtel(Gateway, Repays):
    """A prompt on an Airtel Money phone. `transaction.id` is ours: the same id is never collected twice."""

    name: ClassVar = {"en": "Airtel Money", "sw": "Airtel Money"}
    address: ClassVar = "airtel"
    way: ClassVar = "prompt"
    confidence: ClassVar = "self-proven"
    proof: ClassVar = (
        "Written to three clients that agree and the public portal's words; callback hash pinned by a test vector. Proven against our "
        "stand-in only, over HTTP, signing included."
    )
    unknowns: ClassVar = (
        "Whether callbacks carry the hash depends on a switch in the portal.",
        "How the fate of a pay-out is asked for; a repeated id is refused, which is what keeps it single.",
    )
    needs_phone: ClassVar = True
    whole_units: ClassVar = True

    def __init__(
        self, *, base_url: str, client_id: str, client_secret: str, pin: str, shared_token: SharedToken
    ) -> None:  # fmt: skip
        self._base_url, self._client_id, self._client_secret, self._pin = base_url, client_id, client_secret, pin
        self._shared_token = shared_token

    def begin(self, order: Order) -> Started:
        """Show the prompt."""
        body = {
            "reference": order.reference,
            "subscriber": {"country": "KE", "currency": "KES", "msisdn": order.phone.removeprefix("+254")},
            "transaction": {
                "amount": order.amount_cents // 100, "country": "KE", "currency": "KES", "id": order.id
            },
        }  # fmt: skip
        if order.amount_cents % 100:
            raise Rejected("not-whole")
        answer = self._call("POST", "/merchant/v2/payments/", body)
        status = answer.get("status") or {}
        code = str(status.get("response_code") or status.get("result_code") or "")
        if status.get("success") or code in ("DP00800001006", "DP00800001000"):
            return Started(order.id)
        raise Rejected(CODES.get(code, "gateway"))

    def query(self, asked: Asked) -> Result:
        """Ask by our own id."""
        try:
            answer = self._call("GET", f"/standard/v1/payments/{asked.id}")
        except (Rejected, Uncertain):
            return PENDING
        code = str((answer.get("status") or {}).get("response_code", ""))
        if code == NOT_FOUND:
            return Result("pending", "not-found")
        transaction = (answer.get("data") or {}).get("transaction") or {}
        return _result(str(transaction.get("status", "")), code, transaction)

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> bool | None:
        """Check the hash, where there is one."""
        try:
            content = json_object(body)
        except Malformed:
            return None
        if not isinstance(content.get("hash"), str) or not isinstance(content.get("transaction"), dict):
            return None
        right = callback_hash(content["transaction"], self._client_secret)
        return hmac.compare_digest(right, content["hash"])

    def parse(self, body: bytes) -> Notice:
        """Read `transaction`."""
        transaction = json_object(body).get("transaction")
        if not isinstance(transaction, dict) or not transaction.get("id"):
            raise Malformed("transaction")
        told = _result(str(transaction.get("status_code", "")), "", transaction)
        checkout = str(transaction["id"])[:80]
        return Notice(
            kind="asked", key=f"{checkout}:{transaction.get('status_code')}", checkout_id=checkout, result=told
        )

    def repay(self, repayment: Repayment) -> Result | str:
        """Pay out under our own id, which is refused the second time."""
        if repayment.amount_cents % 100 or not repayment.phone.startswith("+254"):
            raise Rejected("no-phone")
        pin = self._encryption_key().encrypt(self._pin.encode(), padding.PKCS1v15())
        body = {
            "payee": {"msisdn": repayment.phone.removeprefix("+254"), "currency": "KES"},
            "reference": "Refund",
            "pin": base64.b64encode(pin).decode(),
            "transaction": {"amount": repayment.amount_cents // 100, "id": repayment.id, "type": "B2C"},
        }
        answer = self._call("POST", "/standard/v2/disbursements/", body)
        status = answer.get("status") or {}
        code = str(status.get("response_code") or "")
        if code in DUPLICATES:
            return repayment.id
        if not status.get("success"):
            raise Rejected("gateway")
        transaction = (answer.get("data") or {}).get("transaction") or {}
        told = _result(str(transaction.get("status", "")), code, transaction)
        return told if told.state == "paid" else repayment.id

    def query_repayment(self, repayment: Repayment) -> Result:
        """Ask by our own id."""
        try:
            answer = self._call("GET", f"/standard/v2/disbursements/{repayment.id}")
        except (Rejected, Uncertain):
            return PENDING
        transaction = (answer.get("data") or {}).get("transaction") or {}
        return _result(str(transaction.get("status", "")), "", transaction)

    def _encryption_key(self) -> rsa.RSAPublicKey:
        answer = self._call("GET", "/v1/rsa/encryption-keys")
        try:
            return _public(str(answer["data"]["key"]))
        except (KeyError, TypeError, ValueError):
            raise Rejected("gateway") from None

    def _call(self, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        body = json.dumps(content).encode() if content is not None else b""
        extra = signed(body, self._encryption_key()) if body else {}
        with http.client(READ_SECONDS) as client:
            for fresh in (False, True):
                headers = {
                    "Authorization": f"Bearer {self._token(client, fresh=fresh)}", "X-Country": "KE",
                    "X-Currency": "KES", "Content-Type": "application/json", **extra,
                }  # fmt: skip
                try:
                    response = http.request(client, method, self._base_url + path, content=body, headers=headers)
                except http.Unavailable as unavailable:
                    if unavailable.sent:
                        raise Uncertain(str(unavailable)) from None
                    raise Rejected("gateway") from None
                if response.status_code != 401:
                    break
            try:
                answer: dict[str, Any] = response.json()
            except ValueError:
                raise Uncertain("not JSON") from None
        return answer

    def _token(self, client: httpx.Client, *, fresh: bool) -> str:
        def issue() -> tuple[str, timedelta]:
            body = {
                "client_id": self._client_id, "client_secret": self._client_secret, "grant_type": "client_credentials"
            }  # fmt: skip
            try:
                answer = http.request(client, "POST", f"{self._base_url}/auth/oauth2/token", json=body)
                return str(answer.json()["access_token"]), TOKEN_LIFE
            except (http.Unavailable, ValueError, KeyError):
                raise Rejected("gateway") from None

        return self._shared_token("airtel", fresh, issue)


def _result(word: str, code: str, transaction: Mapping[str, Any]) -> Result:
    receipt = str(transaction["airtel_money_id"])[:60] if transaction.get("airtel_money_id") else None
    if word == "TS":
        amount = transaction.get("amount")
        return Result("paid", "", cents(amount) if amount is not None else None, receipt)
    if word == "TE":
        return Result("failed", "expired")
    if word == "TF":
        return Result("failed", CODES.get(code or str(transaction.get("code", "")), "other"))
    return PENDING  # TIP in progress, TA ambiguous, and whatever else

"""eCitizen's gateway (Pesaflow), paybill 222222. Known from clients only: the hash of its notices is checked and never trusted alone."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

from huduma.contexts.payments.providers.base import (
    PENDING,
    READ_SECONDS,
    Asked,
    Gateway,
    Malformed,
    Notice,
    Order,
    Rejected,
    Result,
    Started,
    Uncertain,
    cents,
    e164,
    json_object,
)
from huduma.foundation import http

PAID_WORDS = ("settled", "paid", "success", "completed", "partial")


def secure_hash(parts: list[str], key: str, encoding: str = "b64hex") -> str:
    """Return the gateway's hash: HMAC-SHA256 of the joined parts; base64 of the hex text ("b64hex") or of the bytes ("b64raw")."""
    digest = hmac.new(key.encode(), "".join(parts).encode(), hashlib.sha256)
    content = digest.hexdigest().encode() if encoding == "b64hex" else digest.digest()
    return base64.b64encode(content).decode()


class Pesaflow(Gateway):
    """An invoice on the Government's own page: M-Pesa, Airtel, T-Kash, card or bank behind one paybill."""

    name: ClassVar = {"en": "eCitizen (paybill 222222)", "sw": "eCitizen (paybill 222222)"}
    address: ClassVar = "ecitizen"
    way: ClassVar = "page"
    confidence: ClassVar = "self-proven"
    proof: ClassVar = (
        "Written to six independent clients; its three hashes pinned by test vectors. Proven against our stand-in only."
    )
    unknowns: ClassVar = (
        "No public sandbox and no published list of errors.",
        "Which of two encodings of the hash an installation gets is a setting.",
        "The hash of notices could not be reproduced by one developer: a status query decides.",
        "There is no known call to give money back: a person does it.",
    )
    currencies: ClassVar = ("KES", "USD")

    def __init__(
        self, *, base_url: str, client_id: str, service_id: str, key: str, secret: str, hash_encoding: str
    ) -> None:
        self._base_url, self._client_id, self._service_id = base_url, client_id, service_id
        self._key, self._secret, self._encoding = key, secret, hash_encoding

    def begin(self, order: Order) -> Started:
        """Create the invoice; `billRefNumber` is our own id of the payment."""
        fields = {
            "apiClientID": self._client_id,
            "serviceID": self._service_id,
            "billDesc": order.description[:100],
            "currency": order.currency,
            "billRefNumber": order.id,
            "clientMSISDN": order.phone.removeprefix("+"),
            "clientName": "Huduma",
            "clientIDNumber": order.reference,
            "clientEmail": "",
            "callBackURLOnSuccess": order.return_url,
            "amountExpected": f"{order.amount_cents // 100}.{order.amount_cents % 100:02d}",
            "notificationURL": order.callback_url,
            "format": "json",
            "sendSTK": "false",
        }
        names = (
            "apiClientID", "amountExpected", "serviceID", "clientIDNumber", "currency", "billRefNumber", "billDesc",
            "clientName",
        )  # fmt: skip
        parts = [fields[name] for name in names]
        fields["secureHash"] = secure_hash([*parts, self._secret], self._key, self._encoding)
        try:
            with http.client(READ_SECONDS) as client:
                response = http.request(client, "POST", f"{self._base_url}/PaymentAPI/iframev2.1.php", data=fields)
            answer = response.json()
            return Started(order.id, self._absolute(str(answer["checkout_link"])), str(answer["invoice_number"])[:40])
        except http.Unavailable as unavailable:
            if unavailable.sent:
                raise Uncertain(str(unavailable)) from None
            raise Rejected("gateway") from None
        except (ValueError, KeyError, TypeError):  # errors are pages for people
            raise Rejected("gateway") from None

    def _absolute(self, link: str) -> str:
        return link if link.startswith("http") else self._base_url + link

    def query(self, asked: Asked) -> Result:
        """Ask for the invoice's status by our own id; the amount is all that was paid on it so far."""
        seal = secure_hash([self._client_id, asked.id], self._key, self._encoding)
        params = {"api_client_id": self._client_id, "ref_no": asked.id, "secure_hash": seal}
        try:
            with http.client(READ_SECONDS) as client:
                url = f"{self._base_url}/api/invoice/payment/status"
                response = http.request(client, "GET", url, params=params)
            answer = response.json()
            if response.status_code == 404:
                return Result("pending", "not-found")
            if answer["client_invoice_ref"] != asked.id:
                return PENDING
            paid = cents(answer.get("amount_paid") or 0)
            word = str(answer["status"]).lower()
        except (http.Unavailable, ValueError, KeyError, TypeError, Malformed):
            return PENDING
        if word in ("expired", "cancelled", "failed") and not paid:
            return Result("failed", "cancelled" if word == "cancelled" else "expired")
        return Result("paid", "", paid) if word in PAID_WORDS and paid else PENDING

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> bool | None:
        """Whether the hash agrees; one that does not is no proof of forgery here."""
        try:
            content = json_object(body)
        except Malformed:
            return None
        names = ("client_invoice_ref", "invoice_number", "amount_paid", "payment_date")
        parts = [str(content.get(name, "")) for name in names]
        right = secure_hash([*parts, self._secret], self._key, self._encoding)
        told = str(content.get("secure_hash") or content.get("token_hash") or "")
        return True if hmac.compare_digest(right, told) else None

    def parse(self, body: bytes) -> Notice:
        """Read a notice; the last row is the payment that caused it."""
        content = json_object(body)
        try:
            checkout, invoice = str(content["client_invoice_ref"])[:80], str(content["invoice_number"])
            rows: list[dict[str, Any]] = content.get("payment_reference") or []
            receipt = str(rows[-1]["payment_reference"])[:60] if rows else None
            paid = cents(content.get("amount_paid") or 0)
            word = str(content["status"]).lower()
        except (KeyError, TypeError, AttributeError):
            raise Malformed("fields") from None
        state = Result("paid", "", paid, receipt, e164(content.get("phone_number"))) if word in PAID_WORDS else PENDING
        return Notice(kind="asked", key=f"{invoice}:{receipt or word}", checkout_id=checkout, result=state)

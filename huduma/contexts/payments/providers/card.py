"""Cards on a hosted page, in the pattern of Stripe's API: our servers never see a card number."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils import timezone

from huduma.contexts.payments.providers.base import (
    PENDING,
    READ_SECONDS,
    Asked,
    Cancels,
    Gateway,
    Malformed,
    Notice,
    Order,
    Rejected,
    Repayment,
    Repays,
    Result,
    Started,
    Uncertain,
    json_object,
)
from huduma.foundation import http

TOLERANCE_SECONDS = 300


def is_signed(body: bytes, header: str, secret: str, at: float) -> bool:
    """Whether `Stripe-Signature` (`t=<unix>,v1=<hex HMAC-SHA256 of "t.body">`, several v1 while keys turn) fits body and time."""
    pairs = [part.split("=", 1) for part in header.split(",") if "=" in part]
    stamp = next((value for name, value in pairs if name.strip() == "t"), "")
    if not (stamp.isdecimal() and len(stamp) < 12) or abs(at - int(stamp)) > TOLERANCE_SECONDS:
        return False
    right = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(name.strip() == "v1" and hmac.compare_digest(right, value) for name, value in pairs)


class Card(Gateway, Repays, Cancels):
    """A checkout session: the payer types the card on the company's page and comes back."""

    name: ClassVar = {"en": "Card", "sw": "Kadi"}
    address: ClassVar = "card"
    way: ClassVar = "page"
    confidence: ClassVar = "self-proven"
    proof: ClassVar = "The pattern of Stripe's public API. Proven against our stand-in, over HTTP, signatures included."
    unknowns: ClassVar = (
        "Stripe itself takes no Kenyan merchants: the acquirer that will be chosen may differ in detail.",
        "Chargebacks come by post today: a person enters them.",
    )
    currencies: ClassVar = ("KES", "USD")

    def __init__(self, *, base_url: str, secret_key: str, webhook_secret: str) -> None:
        self._base_url, self._secret_key, self._webhook_secret = base_url, secret_key, webhook_secret

    def begin(self, order: Order) -> Started:
        """Open a session; the idempotency key makes a repeated request the same session."""
        fields = {
            "mode": "payment",
            "client_reference_id": order.id,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": order.currency.lower(),
            "line_items[0][price_data][unit_amount]": str(order.amount_cents),
            "line_items[0][price_data][product_data][name]": f"{order.description[:80]} ({order.reference})",
            "success_url": order.return_url,
            "cancel_url": order.return_url,
            "locale": "en",
        }
        answer = self._call("POST", "/v1/checkout/sessions", order.id, fields)
        try:
            return Started(str(answer["id"])[:80], str(answer["url"])[:500])
        except KeyError:
            raise Rejected("gateway") from None

    def query(self, asked: Asked) -> Result:
        """Ask for the session."""
        if not asked.checkout_id:
            return Result("pending", "not-found")
        try:
            return _session_result(self._call("GET", f"/v1/checkout/sessions/{asked.checkout_id}"))
        except (Rejected, Uncertain, Malformed):
            return PENDING

    def cancel(self, asked: Asked) -> None:
        """Expire the session."""
        self._call("POST", f"/v1/checkout/sessions/{asked.checkout_id}/expire")

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> bool | None:
        """Check the signature over the exact bytes."""
        header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        return is_signed(body, header, self._webhook_secret, timezone.now().timestamp())

    def parse(self, body: bytes) -> Notice:
        """Read an event about a session or a refund."""
        event = json_object(body)
        try:
            thing = event["data"]["object"]
            kind, key = str(event["type"]), str(event["id"])
            if kind.startswith("refund."):
                return Notice(kind="refund", key=key, checkout_id=str(thing["id"]), result=_refund_result(thing))
            return Notice(kind="asked", key=key, checkout_id=str(thing["id"])[:80], result=_session_result(thing))
        except (KeyError, TypeError, AttributeError):
            raise Malformed("event") from None

    def acknowledge(self, notice: Notice | None, callback_id: str) -> dict[str, Any]:
        """Any 2xx will do."""
        return {"received": True}

    def repay(self, repayment: Repayment) -> Result | str:
        """Return money to the card under our own id."""
        fields = {"payment_intent": repayment.receipt, "amount": str(repayment.amount_cents)}
        answer = self._call("POST", "/v1/refunds", repayment.id, fields)
        told = _refund_result(answer)
        return told if told.state == "paid" else str(answer["id"])

    def query_repayment(self, repayment: Repayment) -> Result:
        """Ask for the refund, once the gateway named it."""
        if not repayment.provider_id:
            return PENDING
        try:
            return _refund_result(self._call("GET", f"/v1/refunds/{repayment.provider_id}"))
        except (Rejected, Uncertain):
            return PENDING

    def _call(
        self, method: str, path: str, key: str | None = None, fields: dict[str, str] | None = None
    ) -> dict[str, Any]:  # fmt: skip
        headers = {"Authorization": f"Bearer {self._secret_key}", **({"Idempotency-Key": key} if key else {})}
        try:
            with http.client(READ_SECONDS) as client:
                response = http.request(client, method, self._base_url + path, data=fields, headers=headers)
            answer = json_object(response.content)
        except http.Unavailable as unavailable:
            if unavailable.sent:
                raise Uncertain(str(unavailable)) from None
            raise Rejected("gateway") from None
        except Malformed:
            raise Uncertain("not JSON") from None
        if response.status_code >= 400:
            raise Rejected("gateway")
        return answer


def _session_result(session: Mapping[str, Any]) -> Result:
    if session.get("payment_status") == "paid":
        intent, amount = session.get("payment_intent"), session.get("amount_total")
        if not isinstance(amount, int):
            raise Malformed("amount")
        return Result("paid", "", amount, str(intent)[:60] if intent else None)
    return Result("failed", "expired") if session.get("status") == "expired" else PENDING


def _refund_result(refund: Mapping[str, Any]) -> Result:
    status = refund.get("status")
    if status == "succeeded":
        return Result("paid", "", None, str(refund.get("id"))[:60])
    return Result("failed", "other") if status in ("failed", "canceled") else PENDING

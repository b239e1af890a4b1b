"""Banks that tell us of money on our account: KCB Buni (signed) and Equity Jenga (HTTP Basic). The payer gives the bill's reference."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from huduma.contexts.payments.providers.base import (
    PENDING,
    Gateway,
    Malformed,
    Notice,
    Result,
    Validates,
    cents,
    e164,
    json_object,
)


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")


class Buni(Gateway, Validates):
    """KCB. The signature is over the exact bytes; two public keys are taken at once while the bank turns its key."""

    name: ClassVar = {"en": "KCB Bank", "sw": "Benki ya KCB"}
    address: ClassVar = "kcb"
    way: ClassVar = "typed"
    confidence: ClassVar = "self-proven"
    proof: ClassVar = (
        "Written to clients and the developer's article: account and till notices, bill validation. Proven against our stand-in only, "
        "signature included."
    )
    unknowns: ClassVar = ("How often a notice that was not answered is repeated.", "The fields of a reversed credit.")

    def __init__(self, *, public_keys: Sequence[str], account: str) -> None:
        keys = [load_pem_public_key(text.encode()) for text in public_keys if text]
        self._keys = [key for key in keys if isinstance(key, rsa.RSAPublicKey)]
        self.typed_at = ("", account)

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> bool | None:
        """Check RSA-SHA256 over the raw body."""
        try:
            signature = base64.b64decode(_header(headers, "signature"), validate=True)
        except binascii.Error:
            return False
        for key in self._keys:
            try:
                key.verify(signature, body, padding.PKCS1v15(), hashes.SHA256())
            except InvalidSignature:
                continue
            return True
        return False

    def parse(self, body: bytes) -> Notice:
        """Read an account notice, or the nested one of a till."""
        content = json_object(body)
        try:
            if "requestPayload" in content:
                told = content["requestPayload"]["additionalData"]["notificationData"]
                receipt, amount = str(told["transactionID"]), cents(told["transactionAmt"])
                reference, phone = str(told["businessKey"]), e164(told.get("debitMSISDN"))
                name = str(told.get("firstName") or "")
            else:
                receipt, amount = str(content["transactionReference"]), cents(content["transactionAmount"])
                reference, phone = str(content["customerReference"]), e164(content.get("customerMobileNumber"))
                name = str(content.get("customerName") or "")
        except (KeyError, TypeError):
            raise Malformed("fields") from None
        if not receipt or not amount:
            raise Malformed("empty")
        result = Result("paid", "", amount, receipt[:60], phone, name)
        return Notice(kind="unasked", key=receipt[:60], result=result, reference=reference[:40])

    def acknowledge(self, notice: Notice | None, callback_id: str) -> dict[str, Any]:
        """Repeat the id that the first notice of this credit was given."""
        return {
            "transactionID": callback_id, "statusCode": "0" if notice else "1",
            "statusMessage": "Notification received" if notice else "Not understood",
        }  # fmt: skip

    def read_question(self, body: bytes) -> tuple[str, int | None]:
        """Read the reference that the payer gave at the bank."""
        return str(json_object(body).get("customerReference", "")), None

    def answer_question(
        self, refusal: Literal["", "reference", "amount"], *, name: str, due_cents: int, currency: str
    ) -> dict[str, Any]:
        """Say what is due; whose bill it is stays with us."""
        if refusal:
            return {"transactionID": "", "statusCode": "1", "statusMessage": "Unknown bill"}
        return {
            "transactionID": "", "statusCode": "0", "statusMessage": "Success", "CustomerName": name,
            "billAmount": f"{due_cents // 100}.{due_cents % 100:02d}", "currency": currency, "billType": "PARTIAL",
            "creditAccountIdentifier": self.typed_at[1] if self.typed_at else "",
        }  # fmt: skip


class Jenga(Gateway):
    """Equity. A notice is not signed: it comes with the name and password that we gave the bank."""

    name: ClassVar = {"en": "Equity Bank", "sw": "Benki ya Equity"}
    address: ClassVar = "equity"
    way: ClassVar = "typed"
    confidence: ClassVar = "self-proven"
    proof: ClassVar = "Written to about five independent code bases that agree. Proven against our stand-in only."
    unknowns: ClassVar = (
        "A notice carries no signature: who knows the password can write one. The bank's statement is what proves the money.",
    )

    def __init__(self, *, user: str, password: str, account: str) -> None:
        self._basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.typed_at = ("", account)

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> bool | None:
        """Check the credentials."""
        return hmac.compare_digest(_header(headers, "authorization").encode(), self._basic.encode())

    def parse(self, body: bytes) -> Notice:
        """Read a credit; a debit or an unsuccessful one is no payment."""
        content = json_object(body)
        try:
            told, customer = content["transaction"], content.get("customer") or {}
            receipt, amount = str(told["reference"]), cents(told["amount"])
            reference = str(told["billNumber"])
            credited = (
                str(told["status"]).upper() == "SUCCESS" and (content.get("bank") or {}).get("transactionType") != "D"
            )
        except (KeyError, TypeError, AttributeError):
            raise Malformed("fields") from None
        if not receipt or not amount:
            raise Malformed("empty")
        result = Result(
            "paid", "", amount, receipt[:60], e164(customer.get("mobileNumber")), str(customer.get("name") or "")
        )
        return Notice(
            kind="unasked", key=receipt[:60], result=result if credited else PENDING, reference=reference[:40]
        )  # fmt: skip

    def acknowledge(self, notice: Notice | None, callback_id: str) -> dict[str, Any]:
        """Say that it is kept."""
        return {"responseCode": "OK", "responseMessage": "SUCCESSFUL"}

"""M-Pesa Daraja 3.0. Nothing that it sends is signed: what a callback claims is confirmed by a query before money is credited.

Its own samples disagree about numbers and text, objects and lists, and keys that are absent: all are read. The keys
`OriginatorCoversationID`, `RecieverIdentifierType` and `Occassion` are the owner's spelling.
"""

import base64
import binascii
import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.utils import timezone

from huduma.contexts.payments.providers.base import (
    PENDING,
    Asked,
    Balances,
    DrawsCodes,
    Gateway,
    Malformed,
    Notice,
    Order,
    Pulled,
    Registers,
    Rejected,
    Repayment,
    Repays,
    Result,
    SharedToken,
    Started,
    Uncertain,
    Validates,
    cents,
    e164,
    json_object,
)
from huduma.foundation import http

NAIROBI = ZoneInfo("Africa/Nairobi")
READ_SECONDS = 30.0
TOKEN_LIFE = timedelta(minutes=55)  # of 59:59; refreshed early
INVALID_TOKEN = ("404.001.03", "400.003.01", "400.003.02", "401.002.01")
LOCKED = "500.001.1001"
DUPLICATE = "500.002.1001"
REGISTERED_ALREADY = "500.003.1001"
ALREADY_REVERSED = "R000001"
PULL_PAGE = 100
#: Result codes of the STK family → our reasons. Anything unknown is "other".
REASONS = {
    "1": "balance", "2": "limits", "3": "limits", "4": "limits", "8": "limits", "17": "too-soon", "1001": "busy",
    "1019": "expired", "1025": "unreachable", "9999": "unreachable", "1032": "cancelled", "1037": "unreachable",
    "2001": "pin", "2040": "not-registered", "8006": "locked",
}  # fmt: skip
REFUSALS = {"reference": "C2B00012", "amount": "C2B00013"}


def password(shortcode: str, passkey: str, timestamp: str) -> str:
    """Return the STK password: base64 of short code, passkey and time stamp."""
    return base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()


class Daraja(Gateway, Repays, Validates, Balances, Registers, DrawsCodes):
    """Lipa na M-Pesa: a prompt on the phone, or the bill's reference typed at our paybill."""

    name: ClassVar = {"en": "M-Pesa", "sw": "M-Pesa"}
    address: ClassVar = "simu"  # the owner refuses addresses that name its products
    way: ClassVar = "prompt"
    confidence: ClassVar = "self-proven"
    proof: ClassVar = (
        "Written to the owner's pages (Daraja 3.0): prompt, query, paybill, pay-out, reversal, transaction status, balance, list of "
        "transactions, QR. Proven against our stand-in only, over HTTP, with every fault that it knows."
    )
    unknowns: ClassVar = (
        "What a query answers while the prompt is open is clients' lore; every error is read as not yet known.",
        "Which addresses call back has to be confirmed with Safaricom at go-live.",
        "Whether the list of transactions is switched on for our short code, and how late it is.",
        "Whether a part of a payment can be reversed: where the payer's number is masked, only whole payments go back by themselves.",
    )
    whole_units: ClassVar = True
    needs_phone: ClassVar = True

    def __init__(
        self, *, base_url: str, consumer_key: str, consumer_secret: str, shortcode: str, passkey: str, initiator: str,
        initiator_password: str, certificate: str, shared_token: SharedToken,
    ) -> None:  # fmt: skip
        self._base_url = base_url
        self._basic = (consumer_key, consumer_secret)
        self._shortcode, self._passkey = shortcode, passkey
        self._initiator, self._initiator_password, self._certificate = initiator, initiator_password, certificate
        self._shared_token = shared_token
        self.typed_at = ("M-Pesa", shortcode)

    # Asking for a payment.

    def begin(self, order: Order) -> Started:
        """Show the prompt on the payer's phone; whole shillings only."""
        whole = _whole(order.amount_cents)
        msisdn = order.phone.removeprefix("+")
        status, answer = self._call(
            "/mpesa/stkpush/v1/processrequest",
            {
                **self._signed(),
                "TransactionType": "CustomerPayBillOnline",
                "Amount": whole,
                "PartyA": msisdn,
                "PartyB": self._shortcode,
                "PhoneNumber": msisdn,
                "CallBackURL": order.callback_url,
                "AccountReference": order.reference[:12],
                "TransactionDesc": "Huduma",
            },
        )
        if status == 200 and str(answer.get("ResponseCode")) == "0" and answer.get("CheckoutRequestID"):
            return Started(str(answer["CheckoutRequestID"]))
        busy = answer.get("errorCode") == LOCKED and "lock" in str(answer.get("errorMessage", "")).lower()
        raise Rejected("busy" if busy else "gateway")

    def query(self, asked: Asked) -> Result:
        """Ask about a prompt, or look for what came unasked in the list of transactions; any error means "not yet known"."""
        try:
            if asked.checkout_id:
                body = {**self._signed(), "CheckoutRequestID": asked.checkout_id}
                status, answer = self._call("/mpesa/stkpushquery/v1/query", body)
                return _result(answer["ResultCode"]) if status == 200 and "ResultCode" in answer else PENDING
            found = self.pull(asked.started_at - timedelta(hours=1), timezone.now())
        except (Uncertain, Rejected):
            return PENDING
        for line in found or []:
            mine = line.receipt == asked.receipt if asked.receipt else line.reference == asked.reference[:12]
            if mine and (asked.receipt or line.amount_cents == asked.amount_cents):
                return Result("paid", "", line.amount_cents, line.receipt, line.phone, line.payer_name)
        return Result("pending", "not-found")

    # What it sends.

    def parse(self, body: bytes) -> Notice:
        """Read the result of a prompt, the news of a paybill payment, or a result of the asynchronous family."""
        content = json_object(body)
        try:
            if "Body" in content:
                return _prompt_notice(content["Body"]["stkCallback"])
            if "TransID" in content:
                return _paybill_notice(content)
            return _result_notice(content["Result"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise Malformed(type(error).__name__) from None

    def acknowledge(self, notice: Notice | None, callback_id: str) -> dict[str, Any]:
        """Any 200 will do; this is what the owner's samples answer."""
        return {"ResultCode": 0, "ResultDesc": "Success"}

    def read_question(self, body: bytes) -> tuple[str, int | None]:
        """Read what a payer typed at the paybill."""
        content = json_object(body)
        return str(content.get("BillRefNumber", "")), cents(content.get("TransAmount"))

    def answer_question(
        self, refusal: Literal["", "reference", "amount"], *, name: str, due_cents: int, currency: str
    ) -> dict[str, Any]:
        """Accept, or reject with the owner's code."""
        if refusal:
            return {"ResultCode": REFUSALS[refusal], "ResultDesc": "Rejected"}
        return {"ResultCode": "0", "ResultDesc": "Accepted"}

    # The asynchronous family.

    def request_confirmation(self, asked: Asked) -> bool:
        """Order M-Pesa's own word on a receipt (Transaction Status)."""
        try:
            status, _ = self._order_status({"TransactionID": asked.receipt}, asked.callback_url)
        except (Rejected, Uncertain):
            return False
        return status == 200

    def repay(self, repayment: Repayment) -> Result | str:
        """Pay out to the payer's phone under our own id (the owner's guard against paying twice); reverse where it is masked."""
        if repayment.phone.startswith("+"):
            return self._pay_out(repayment)
        if repayment.whole and repayment.receipt:
            return self._reverse(repayment)
        raise Rejected("no-phone")

    def query_repayment(self, repayment: Repayment) -> Result:
        """Order Transaction Status; the answer comes to the refund's own address."""
        with contextlib.suppress(Rejected, Uncertain):
            self._order_status({"OriginalConversationID": repayment.id}, repayment.result_url)
        return PENDING

    def order_balance(self, result_url: str) -> None:
        """Order the balances of our accounts."""
        body = {
            "CommandID": "AccountBalance", "PartyA": self._shortcode, "IdentifierType": "4", "Remarks": "Balance",
            **self._initiated(result_url),
        }  # fmt: skip
        self._submitted(*self._call("/mpesa/accountbalance/v1/query", body))

    def _pay_out(self, repayment: Repayment) -> str:
        credential = self._initiated(repayment.result_url)
        body = {
            "OriginatorConversationID": repayment.id, "InitiatorName": credential.pop("Initiator"),
            "CommandID": "BusinessPayment", "Amount": _whole(repayment.amount_cents), "PartyA": self._shortcode,
            "PartyB": repayment.phone.removeprefix("+"), "Remarks": "Refund", "Occassion": "Refund", **credential,
        }  # fmt: skip
        status, answer = self._call("/mpesa/b2c/v3/paymentrequest", body)
        if str(answer.get("errorCode")) == DUPLICATE:  # handed over before: its result is under way, or is asked for
            return repayment.id
        self._submitted(status, answer)
        return repayment.id

    def _reverse(self, repayment: Repayment) -> str:
        body = {
            "CommandID": "TransactionReversal", "TransactionID": repayment.receipt, "ReceiverParty": self._shortcode,
            "Amount": _whole(repayment.amount_cents), "RecieverIdentifierType": "11", "Remarks": "Refund",
            **self._initiated(repayment.result_url),
        }  # fmt: skip
        return self._submitted(*self._call("/mpesa/reversal/v1/request", body))

    def _order_status(self, what: dict[str, str], result_url: str) -> tuple[int, dict[str, Any]]:
        body = {
            "CommandID": "TransactionStatusQuery", **what, "PartyA": self._shortcode, "IdentifierType": "4",
            "Remarks": "Status", **self._initiated(result_url),
        }  # fmt: skip
        return self._call("/mpesa/transactionstatus/v1/query", body)

    def _submitted(self, status: int, answer: dict[str, Any]) -> str:
        if status == 200 and str(answer.get("ResponseCode")) == "0":
            return str(answer["ConversationID"])
        if status >= 500:
            raise Uncertain(str(answer.get("errorCode", status)))
        raise Rejected("gateway")

    def _initiated(self, result_url: str) -> dict[str, str]:
        key = x509.load_pem_x509_certificate(self._certificate.encode()).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        sealed = key.encrypt(self._initiator_password.encode(), padding.PKCS1v15())
        return {
            "Initiator": self._initiator, "SecurityCredential": base64.b64encode(sealed).decode(),
            "QueueTimeOutURL": f"{result_url}late/", "ResultURL": result_url,
        }  # fmt: skip

    # Lists, codes, addresses.

    def pull(self, since: datetime, until: datetime) -> list[Pulled] | None:
        """List the paybill's transactions, page by page."""
        found: list[Pulled] = []
        while True:
            body = {
                "ShortCode": self._shortcode, "StartDate": f"{since.astimezone(NAIROBI):%Y-%m-%d %H:%M:%S}",
                "EndDate": f"{until.astimezone(NAIROBI) + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}",
                "OffSetValue": str(len(found)),
            }  # fmt: skip
            try:
                status, answer = self._call("/pulltransactions/v1/query", body)
                code = str(answer.get("ResponseCode", answer.get("responseCode", "")))
                if status != 200 or code not in ("1000", "1001"):
                    raise Uncertain(f"pull {code or status}")
                lines = [_pulled(line) for line in _flat(answer.get("Response") or [])]
            except (Malformed, KeyError, TypeError, ValueError) as error:
                raise Uncertain(f"pull {type(error).__name__}") from None
            except Rejected as rejected:
                raise Uncertain(rejected.reason) from None
            found += lines
            if len(lines) < PULL_PAGE:
                return found

    def draw_code(self, *, reference: str, amount_cents: int) -> bytes:
        """Draw the QR code that the M-Pesa app reads."""
        body = {
            "MerchantName": "Huduma", "RefNo": reference, "Amount": _whole(amount_cents), "TrxCode": "PB",
            "CPI": self._shortcode, "Size": "300",
        }  # fmt: skip
        status, answer = self._call("/mpesa/qrcode/v1/generate", body)
        try:
            return base64.b64decode(answer["QRCode"], validate=True)
        except (KeyError, TypeError, binascii.Error):
            raise Rejected(f"qr {status}") from None

    def register(self, standing_url: str) -> None:
        """Enter where paybill payments are validated and confirmed, and switch the list of transactions on."""
        answers = [
            self._call(
                "/mpesa/c2b/v2/registerurl",
                {
                    "ShortCode": self._shortcode, "ResponseType": "Completed", "ConfirmationURL": standing_url,
                    "ValidationURL": f"{standing_url}question/",
                },
            ),
            self._call(
                "/pulltransactions/v1/register",
                {
                    "ShortCode": self._shortcode, "RequestType": "Pull", "NominatedNumber": "254700000000",
                    "CallBackURL": standing_url,
                },
            ),
        ]  # fmt: skip
        for status, answer in answers:
            if status != 200 and answer.get("errorCode") != REGISTERED_ALREADY:
                raise Rejected("gateway")

    # The line.

    def _signed(self) -> dict[str, str]:
        stamp = timezone.now().astimezone(NAIROBI).strftime("%Y%m%d%H%M%S")
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


def _whole(amount_cents: int) -> int:
    whole, part = divmod(amount_cents, 100)
    if part:
        raise Rejected("not-whole")
    return whole


def _result(code: Any) -> Result:
    text = str(code).strip()
    return Result("paid") if text == "0" else Result("failed", REASONS.get(text, "other"))


def _prompt_notice(callback: dict[str, Any]) -> Notice:
    items = (callback.get("CallbackMetadata") or {}).get("Item", [])
    facts = {item["Name"]: item.get("Value") for item in items}
    told = _result(callback["ResultCode"])
    receipt = str(facts["MpesaReceiptNumber"])[:60] if facts.get("MpesaReceiptNumber") else None
    amount = cents(facts["Amount"]) if facts.get("Amount") is not None else None
    checkout = str(callback["CheckoutRequestID"])[:80]
    result = Result(told.state, told.reason, amount, receipt, e164(facts.get("PhoneNumber")))
    return Notice(kind="asked", key=checkout, checkout_id=checkout, result=result)


def _paybill_notice(content: dict[str, Any]) -> Notice:
    names = " ".join(str(content.get(part) or "") for part in ("FirstName", "MiddleName", "LastName")).split()
    receipt = str(content["TransID"])[:60]
    result = Result("paid", "", cents(content["TransAmount"]), receipt, e164(content.get("MSISDN")), " ".join(names))
    if not receipt or not result.amount_cents:
        raise Malformed("empty")
    return Notice(kind="unasked", key=receipt, result=result, reference=str(content.get("BillRefNumber") or "")[:40])


def _pairs(holder: Any, inner: str) -> dict[str, Any]:
    """Read `{inner: [{Key, Value}]}`, `{inner: {Key, Value}}` and nothing at all."""
    found = (holder or {}).get(inner) or []
    listed = found if isinstance(found, list) else [found]
    return {str(item.get("Key")): item.get("Value") for item in listed}


def _result_notice(result: dict[str, Any]) -> Notice:
    facts = _pairs(result.get("ResultParameters"), "ResultParameter")
    code, conversation = str(result["ResultCode"]).strip(), str(result.get("ConversationID") or "")[:80]
    originator = str(result.get("OriginatorConversationID") or "")[:80]
    if "AccountBalance" in facts:
        held = _balance_cents(str(facts["AccountBalance"]))
        return Notice(kind="balance", key=conversation, result=Result("paid", "", held))
    receipt = facts.get("ReceiptNo") or facts.get("TransactionReceipt") or result.get("TransactionID")
    amount = facts.get("Amount", facts.get("TransactionAmount"))
    if "TransactionStatus" in facts:
        done = str(facts["TransactionStatus"]).lower() == "completed"
        told = Result(
            "paid" if done and code == "0" else "pending", "", cents(amount) if amount is not None else None,
            str(receipt)[:60] if receipt else None,
        )  # fmt: skip
        return Notice(kind="confirmation", key=conversation, result=told)
    state: Literal["paid", "failed"] = "paid" if code in ("0", ALREADY_REVERSED) else "failed"
    told = Result(
        state, "" if state == "paid" else REASONS.get(code, "other"), None, str(receipt)[:60] if receipt else None
    )
    # A pay-out carries the id that we gave it; a reversal only M-Pesa's own.
    ours = originator if len(originator) == 32 and "-" not in originator else conversation
    return Notice(kind="refund", key=conversation, checkout_id=ours, result=told)


def _balance_cents(text: str) -> int:
    """Add up `Name|KES|available|current|reserved|uncleared`, joined by `&`: what is available in all accounts."""
    total = 0
    for account in text.split("&"):
        parts = account.split("|")
        if len(parts) < 3:
            raise Malformed("balance")
        total += cents(parts[2])
    return total


def _flat(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """The list of transactions comes as a list, and as a list within a list."""
    flat: list[dict[str, Any]] = []
    for row in rows:
        flat += row if isinstance(row, list) else [row]
    return flat


def _pulled(line: dict[str, Any]) -> Pulled:
    at = datetime.fromisoformat(str(line["trxDate"]))
    return Pulled(
        receipt=str(line["transactionId"])[:60], reference=str(line.get("billreference") or "")[:40],
        amount_cents=cents(line["amount"]), at=at if at.tzinfo else at.replace(tzinfo=NAIROBI),
        phone=e164(line.get("msisdn")),
    )  # fmt: skip

"""M-Pesa Daraja 3.0. Nothing that it sends is signed: what a callback claims is confirmed by a query before money is credited.

The keys `OriginatorCoversationID`, `RecieverIdentifierType` and `Occassion` are the owner's spelling.
"""

import base64
import binascii
import contextlib
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

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
    Started,
    Uncertain,
    Validates,
    cents,
    json_object,
)
from huduma.contexts.payments.providers.daraja.line import Line
from huduma.contexts.payments.providers.daraja.notices import (
    NAIROBI,
    flat,
    outcome,
    paybill_notice,
    prompt_notice,
    pulled,
    result_notice,
)

LOCKED = "500.001.1001"
DUPLICATE = "500.002.1001"
REGISTERED_ALREADY = "500.003.1001"
PULL_PAGE = 100
#: How long a prompt may be answered, how late the news of a paybill payment may be, how far two clocks may differ.
PROMPT_LIFE, BEFORE_NEWS, CLOCKS = timedelta(minutes=15), timedelta(hours=1), timedelta(minutes=5)
REFUSALS = {"reference": "C2B00012", "amount": "C2B00013"}


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

    def __init__(self, line: Line) -> None:
        self._line = line
        self.typed_at = ("Lipa na M-Pesa", line.shortcode)

    # Asking for a payment.

    def begin(self, order: Order) -> Started:
        """Show the prompt on the payer's phone; whole shillings only."""
        whole = _whole(order.amount_cents)
        msisdn = order.phone.removeprefix("+")
        status, answer = self._line.call(
            "/mpesa/stkpush/v1/processrequest",
            {
                **self._line.signed(),
                "TransactionType": "CustomerPayBillOnline",
                "Amount": whole,
                "PartyA": msisdn,
                "PartyB": self._line.shortcode,
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
                body = {**self._line.signed(), "CheckoutRequestID": asked.checkout_id}
                status, answer = self._line.call("/mpesa/stkpushquery/v1/query", body)
                return outcome(answer["ResultCode"]) if status == 200 and "ResultCode" in answer else PENDING
            found = self.pull(*_around(asked))
        except (Uncertain, Rejected):
            return PENDING
        for line in found or []:
            if line.receipt == asked.receipt if asked.receipt else _is_for(asked, line):
                return Result("paid", "", line.amount_cents, line.receipt, line.phone, line.payer_name)
        return Result("pending", "not-found")

    # What it sends.

    def parse(self, body: bytes) -> Notice:
        """Read the result of a prompt, the news of a paybill payment, or a result of the asynchronous family."""
        content = json_object(body)
        try:
            if "Body" in content:
                return prompt_notice(content["Body"]["stkCallback"])
            if "TransID" in content:
                return paybill_notice(content)
            return result_notice(content["Result"])
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
            "CommandID": "AccountBalance", "PartyA": self._line.shortcode, "IdentifierType": "4", "Remarks": "Balance",
            **self._line.initiated(result_url),
        }  # fmt: skip
        self._submitted(*self._line.call("/mpesa/accountbalance/v1/query", body))

    def _pay_out(self, repayment: Repayment) -> str:
        credential = self._line.initiated(repayment.result_url)
        body = {
            "OriginatorConversationID": repayment.id, "InitiatorName": credential.pop("Initiator"),
            "CommandID": "BusinessPayment", "Amount": _whole(repayment.amount_cents), "PartyA": self._line.shortcode,
            "PartyB": repayment.phone.removeprefix("+"), "Remarks": "Refund", "Occassion": "Refund", **credential,
        }  # fmt: skip
        status, answer = self._line.call("/mpesa/b2c/v3/paymentrequest", body)
        if str(answer.get("errorCode")) == DUPLICATE:  # handed over before: its result is under way, or is asked for
            return repayment.id
        self._submitted(status, answer)
        return repayment.id

    def _reverse(self, repayment: Repayment) -> str:
        body = {
            "CommandID": "TransactionReversal", "TransactionID": repayment.receipt, "ReceiverParty": self._line.shortcode,
            "Amount": _whole(repayment.amount_cents), "RecieverIdentifierType": "11", "Remarks": "Refund",
            **self._line.initiated(repayment.result_url),
        }  # fmt: skip
        return self._submitted(*self._line.call("/mpesa/reversal/v1/request", body))

    def _order_status(self, what: dict[str, str], result_url: str) -> tuple[int, dict[str, Any]]:
        body = {
            "CommandID": "TransactionStatusQuery", **what, "PartyA": self._line.shortcode, "IdentifierType": "4",
            "Remarks": "Status", **self._line.initiated(result_url),
        }  # fmt: skip
        return self._line.call("/mpesa/transactionstatus/v1/query", body)

    def _submitted(self, status: int, answer: dict[str, Any]) -> str:
        if status == 200 and str(answer.get("ResponseCode")) == "0":
            return str(answer["ConversationID"])
        if status >= 500:
            raise Uncertain(str(answer.get("errorCode", status)))
        raise Rejected("gateway")

    # Lists, codes, addresses.

    def pull(self, since: datetime, until: datetime) -> list[Pulled] | None:
        """List the paybill's transactions, page by page."""
        found: list[Pulled] = []
        while True:
            body = {
                "ShortCode": self._line.shortcode, "StartDate": f"{since.astimezone(NAIROBI):%Y-%m-%d %H:%M:%S}",
                "EndDate": f"{until.astimezone(NAIROBI) + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}",
                "OffSetValue": str(len(found)),
            }  # fmt: skip
            try:
                status, answer = self._line.call("/pulltransactions/v1/query", body)
                code = str(answer.get("ResponseCode", answer.get("responseCode", "")))
                if status != 200 or code not in ("1000", "1001"):
                    raise Uncertain(f"pull {code or status}")
                lines = [pulled(line) for line in flat(answer.get("Response") or [])]
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
            "CPI": self._line.shortcode, "Size": "300",
        }  # fmt: skip
        status, answer = self._line.call("/mpesa/qrcode/v1/generate", body)
        try:
            return base64.b64decode(answer["QRCode"], validate=True)
        except (KeyError, TypeError, binascii.Error):
            raise Rejected(f"qr {status}") from None

    def register(self, standing_url: str) -> None:
        """Enter where paybill payments are validated and confirmed, and switch the list of transactions on."""
        answers = [
            self._line.call(
                "/mpesa/c2b/v2/registerurl",
                {
                    "ShortCode": self._line.shortcode, "ResponseType": "Completed", "ConfirmationURL": standing_url,
                    "ValidationURL": f"{standing_url}question/",
                },
            ),
            self._line.call(
                "/pulltransactions/v1/register",
                {
                    "ShortCode": self._line.shortcode, "RequestType": "Pull", "NominatedNumber": "254700000000",
                    "CallBackURL": standing_url,
                },
            ),
        ]  # fmt: skip
        for status, answer in answers:
            if status != 200 and answer.get("errorCode") != REGISTERED_ALREADY:
                raise Rejected("gateway")


def _is_for(asked: Asked, line: Pulled) -> bool:
    """Whether a line has the money of a prompt whose own id we were never told."""
    same = (line.reference, line.amount_cents) == (asked.reference[:12], asked.amount_cents)
    return same and line.phone in ("", asked.phone)


def _around(asked: Asked) -> tuple[datetime, datetime]:
    """Return when the money can have moved: after we asked for it, or before its news came. The whole list is long."""
    before, after = (BEFORE_NEWS, CLOCKS) if asked.receipt else (CLOCKS, PROMPT_LIFE)
    return asked.started_at - before, min(asked.started_at + after, timezone.now())


def _whole(amount_cents: int) -> int:
    whole, part = divmod(amount_cents, 100)
    if part:
        raise Rejected("not-whole")
    return whole

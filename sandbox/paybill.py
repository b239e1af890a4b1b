"""M-Pesa Daraja 3.0 beyond the prompt: paybill, pay-outs, reversal, status, balance, list of transactions, QR.

After the owner's pages, contradictions included: keys that are misspelt, codes that are numbers in one result and text in the next,
`ReferenceItem` as object and as list, no `ResultParameters` on failure, lists within lists.
"""

import asyncio
import base64
import io
import random
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import segno
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.daraja import PIN, SHORTCODE, error, new_receipt, paybill_body, payload, refusal
from sandbox.delivery import as_json, client, deliver, shared
from sandbox.state import State

NAIROBI = ZoneInfo("Africa/Nairobi")
FORBIDDEN = re.compile("mpesa|safaricom|exe|exec|cmd|sql|query", re.IGNORECASE)
VALIDATION_SECONDS = 8.0
PAGE = 100
SUBMITTED = "Accept the service request successfully."


async def _begin(request: Request) -> tuple[dict[str, Any], Response | None]:
    state: State = request.app.state.books
    if (fault := state.take_fault("daraja", "timeout_other")) is not None:
        await asyncio.sleep(fault.seconds)
    if (refused := refusal(request)) is not None:
        return {}, refused
    body = await payload(request)
    return (body, None) if body is not None else ({}, error(400, "400.002.05", "Invalid Request Payload"))


async def register(request: Request) -> Response:
    """`POST /mpesa/c2b/v2/registerurl`."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    state: State = request.app.state.books
    for field in ("ConfirmationURL", "ValidationURL"):
        if not str(body.get(field, "")).startswith("http") or FORBIDDEN.search(str(body[field])):
            return error(400, "400.002.02", f"Bad Request - Invalid {field}")
    if body.get("ResponseType") not in ("Completed", "Cancelled"):
        return error(400, "400.002.02", "Bad Request - Invalid ResponseType")
    if state.address("daraja.confirmation") == body["ConfirmationURL"]:
        return error(500, "500.003.1001", "URLs are already registered")
    for name, value in (
        ("daraja.confirmation", body["ConfirmationURL"]), ("daraja.validation", body["ValidationURL"]),
        ("daraja.default", body["ResponseType"]),
    ):  # fmt: skip
        state.run("INSERT OR REPLACE INTO address VALUES (?, ?)", name, value)
    return JSONResponse(
        {"OriginatorCoversationID": secrets.token_hex(10), "ResponseCode": "0", "ResponseDescription": "success"}
    )


async def pay_bill(
    state: State, phone: str, account: str, amount: int, pin: str
) -> tuple[str, Callable[[], Awaitable[None]] | None]:
    """A payer's paybill payment from the phone's menu: asked about first, then announced. Returns what the handset says."""
    if pin != PIN:
        return "wrongpin", None
    if not 0 < amount <= state.balance(phone):
        return "lowbalance", None
    if not await _accepted(state, phone, account, amount):
        return "refused", None
    receipt = new_receipt()
    with state.exclusive():
        state.run("UPDATE handset SET balance = balance - ? WHERE phone = ?", amount, phone)
        state.move("daraja", "in", receipt, phone=phone, cents=amount * 100, reference=account[:20])
    confirmation = state.address("daraja.confirmation")
    body = paybill_body(state, receipt)
    if state.take_fault("daraja", "wrong_amount"):
        body["TransAmount"] = "1.00"
    calls = [(confirmation, as_json(body), {})] if confirmation else []
    return receipt, deliver(state, "daraja", calls) if calls else None


async def _accepted(state: State, phone: str, account: str, amount: int) -> bool:
    validation = state.address("daraja.validation")
    if not validation:
        return True
    msisdn = phone.removeprefix("+")
    body = {
        "TransactionType": "Pay Bill", "TransID": new_receipt(), "TransTime": f"{datetime.now(NAIROBI):%Y%m%d%H%M%S}",
        "TransAmount": f"{amount}.00", "BusinessShortCode": SHORTCODE, "BillRefNumber": account[:20],
        "InvoiceNumber": "", "OrgAccountBalance": "", "ThirdPartyTransID": "",
        "MSISDN": f"{msisdn[:4]} ***** {msisdn[-3:]}", "FirstName": "MFANO", "MiddleName": "", "LastName": "",
    }  # fmt: skip
    try:
        answer = await client().post(validation, json=body, timeout=VALIDATION_SECONDS)
        return str(answer.json()["ResultCode"]) == "0"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return state.address("daraja.default") == "Completed"


async def simulate(request: Request) -> Response:
    """`POST /mpesa/c2b/v2/simulate` (sandbox only)."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    phone, account = f"+{body.get('Msisdn')}", str(body.get("BillRefNumber", ""))
    said, call_back = await pay_bill(request.app.state.books, phone, account, int(float(body.get("Amount", 0))), PIN)
    if call_back is None and said in ("lowbalance", "refused"):
        return error(400, "400.002.02", f"Bad Request - {said}")
    answer = {"OriginatorCoversationID": secrets.token_hex(10), "ResponseCode": "0", "ResponseDescription": SUBMITTED}
    return JSONResponse(answer, background=BackgroundTask(call_back) if call_back else None)


# Pay-outs and whatever else is answered later.


def _credential_is_right(body: dict[str, Any]) -> bool:
    text = shared("SANDBOX_DARAJA_PRIVATE_KEY")
    if "PRIVATE KEY" not in text:  # run by hand, without the platform's environment
        return bool(body.get("SecurityCredential"))
    key = load_pem_private_key(text.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    try:
        said = key.decrypt(base64.b64decode(str(body.get("SecurityCredential"))), padding.PKCS1v15())
    except ValueError:
        return False
    return said.decode(errors="replace") == shared("DARAJA_INITIATOR_PASSWORD")


def _submitted(
    state: State, body: dict[str, Any], originator: str, conversation: str, result: dict[str, Any]
) -> Response:  # fmt: skip
    answer = {
        "OriginatorConversationID": originator, "ConversationID": conversation, "ResponseCode": "0",
        "ResponseDescription": SUBMITTED,
    }  # fmt: skip
    url = "QueueTimeOutURL" if state.take_fault("daraja", "queue_timeout") else "ResultURL"
    content = {"Result": {"OriginatorConversationID": originator, "ConversationID": conversation, **result}}
    call_back = deliver(state, "daraja", [(str(body[url]), as_json(content), {})])
    return JSONResponse(answer, background=BackgroundTask(call_back))


def _new_conversation() -> str:
    return f"AG_{datetime.now(NAIROBI):%Y%m%d}_{secrets.token_hex(10)}"


def _pairs(**facts: Any) -> dict[str, Any]:
    return {"ResultParameter": [{"Key": key, "Value": value} for key, value in facts.items()]}


def _stamp(at: float, pattern: str) -> str:
    return f"{datetime.fromtimestamp(at, NAIROBI):{pattern}}"


async def pay_out(request: Request) -> Response:
    """`POST /mpesa/b2c/v3/paymentrequest`: the caller's own id guards against paying twice."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    state: State = request.app.state.books
    originator, phone = str(body.get("OriginatorConversationID", "")), f"+{body.get('PartyB')}"
    if not originator:
        return error(400, "400.002.02", "Bad Request - Invalid OriginatorConversationID")
    if not re.fullmatch(r"\+254[17]\d{8}", phone) or not str(body.get("Amount", "")).isdigit():
        return error(400, "400.002.02", "Bad Request - Invalid PartyB")
    conversation, receipt, amount = _new_conversation(), new_receipt(), int(body["Amount"])
    base = {
        "ResultType": 0,
        "ReferenceData": {"ReferenceItem": {"Key": "QueueTimeoutURL", "Value": body["QueueTimeOutURL"]}},
    }
    if not _credential_is_right(body):
        failed = {
            **base,
            "ResultCode": 2001,
            "ResultDesc": "The initiator information is invalid.",
            "TransactionID": receipt,
        }
        return _submitted(state, body, originator, conversation, failed)
    with state.exclusive():
        if state.run("SELECT 1 FROM movement WHERE system = 'daraja' AND direction = 'out' AND about = ?", originator):
            return error(500, "500.002.1001", "Duplicate OriginatorConversationID.")
        state.move("daraja", "out", receipt, phone=phone, cents=amount * 100, about=originator, reference="refund")
        state.balance(phone)
        state.run("UPDATE handset SET balance = balance + ? WHERE phone = ?", amount, phone)
    done = {
        **base, "ResultCode": 0, "ResultDesc": "The service request is processed successfully.", "TransactionID": receipt,
        "ResultParameters": _pairs(
            TransactionAmount=amount, TransactionReceipt=receipt, B2CRecipientIsRegisteredCustomer="Y",
            B2CChargesPaidAccountAvailableFunds=0.0, ReceiverPartyPublicName=f"{phone.removeprefix('+')} - MFANO",
            TransactionCompletedDateTime=_stamp(time.time(), "%d.%m.%Y %H:%M:%S"),
            B2CUtilityAccountAvailableFunds=100000.0, B2CWorkingAccountAvailableFunds=100000.0,
        ),
    }  # fmt: skip
    return _submitted(state, body, originator, conversation, done)


async def reverse(request: Request) -> Response:
    """`POST /mpesa/reversal/v1/request`: failures carry text codes."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    state: State = request.app.state.books
    original, conversation = str(body.get("TransactionID", "")), _new_conversation()
    originator = f"{random.randrange(10**5)}-{secrets.token_hex(4)}-1"
    base = {
        "ResultType": 0,
        "ReferenceData": {"ReferenceItem": {"Key": "QueueTimeoutURL", "Value": body.get("QueueTimeOutURL")}},
    }
    receipt = new_receipt()
    with state.exclusive():
        rows = state.run(
            "SELECT * FROM movement WHERE receipt = ? AND system = 'daraja' AND direction = 'in'", original
        )
        again = state.run(
            "SELECT 1 FROM movement WHERE system = 'daraja' AND direction = 'out' AND about = ?", original
        )
        if not rows or not _credential_is_right(body):
            code, said = (
                ("R000002", "The OriginalTransactionID is invalid.") if not rows else (2001, "Initiator invalid.")
            )
            return _submitted(
                state, body, originator, conversation,
                {**base, "ResultCode": code, "ResultDesc": said, "TransactionID": receipt},
            )  # fmt: skip
        if again:
            said = "The transaction has already been reversed."
            return _submitted(
                state, body, originator, conversation,
                {**base, "ResultCode": "R000001", "ResultDesc": said, "TransactionID": receipt},
            )  # fmt: skip
        paid = rows[0]
        state.move(
            "daraja", "out", receipt, phone=paid["phone"], cents=paid["cents"], about=original, reference="reversal"
        )
        state.run("UPDATE handset SET balance = balance + ? WHERE phone = ?", paid["cents"] // 100, paid["phone"])
    done = {
        **base, "ResultCode": 0, "ResultDesc": "The service request is processed successfully.", "TransactionID": receipt,
        "ResultParameters": _pairs(
            DebitAccountBalance="Utility Account|KES|100000.00|100000.00|0.00|0.00", Amount=paid["cents"] / 100,
            TransCompletedTime=int(_stamp(time.time(), "%Y%m%d%H%M%S")), OriginalTransactionID=original, Charge=0,
            CreditPartyPublicName="MFANO", DebitPartyPublicName=f"{SHORTCODE} - Huduma",
        ),
    }  # fmt: skip
    return _submitted(state, body, originator, conversation, done)


async def status(request: Request) -> Response:
    """`POST /mpesa/transactionstatus/v1/query`: by receipt, or by the id of a pay-out."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    state: State = request.app.state.books
    rows = (
        state.run("SELECT * FROM movement WHERE system = 'daraja' AND receipt = ?", str(body["TransactionID"]))
        if body.get("TransactionID")
        else state.run(
            "SELECT * FROM movement WHERE system = 'daraja' AND direction = 'out' AND about = ?",
            str(body.get("OriginalConversationID")),
        )
    )
    originator, conversation = f"{random.randrange(10**5)}-{secrets.token_hex(4)}-1", _new_conversation()
    base = {"ResultType": 0, "TransactionID": new_receipt(), "ReferenceData": {"ReferenceItem": {"Key": "Occasion"}}}
    if not rows or not _credential_is_right(body):
        failed = {**base, "ResultCode": 2032, "ResultDesc": "The transaction receipt number does not exist."}
        return _submitted(state, body, originator, conversation, failed)
    found = rows[0]
    done = {
        **base, "ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
        "ResultParameters": _pairs(
            DebitPartyName=f"{found['phone'].removeprefix('+')} - MFANO", CreditPartyName=f"{SHORTCODE} - Huduma",
            TransactionStatus="Completed", Amount=found["cents"] / 100, ReceiptNo=found["receipt"],
            InitiatedTime=int(_stamp(found["at"], "%Y%m%d%H%M%S")), FinalisedTime=int(_stamp(found["at"], "%Y%m%d%H%M%S")),
            DebitAccountType="MMF Account For Customer", DebitPartyCharges="", ReasonType="Pay Utility",
            ConversationID=conversation,
        ),
    }  # fmt: skip
    return _submitted(state, body, originator, conversation, done)


async def balance(request: Request) -> Response:
    """`POST /mpesa/accountbalance/v1/query`: codes as text, accounts joined by `&`."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    state: State = request.app.state.books
    rows = state.run("SELECT direction, sum(cents) FROM movement WHERE system = 'daraja' GROUP BY direction")
    total = {row[0]: row[1] for row in rows}
    held = (total.get("in", 0) - total.get("out", 0)) / 100
    text = f"Working Account|KES|0.00|0.00|0.00|0.00&Utility Account|KES|{held:.2f}|{held:.2f}|0.00|0.00"
    done = {
        "ResultType": "0", "ResultCode": "0", "ResultDesc": "The service request is processed successfully.",
        "TransactionID": new_receipt(),
        "ResultParameters": _pairs(AccountBalance=text, BOCompletedTime=_stamp(time.time(), "%Y%m%d%H%M%S")),
        "ReferenceData": {"ReferenceItem": {"Key": "QueueTimeoutURL", "Value": body.get("QueueTimeOutURL")}},
    }  # fmt: skip
    return _submitted(state, body, f"{random.randrange(10**5)}-{secrets.token_hex(4)}-1", _new_conversation(), done)


async def pull_register(request: Request) -> Response:
    """`POST /pulltransactions/v1/register`."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    state: State = request.app.state.books
    state.run("INSERT OR REPLACE INTO address VALUES ('daraja.pull', ?)", str(body.get("ShortCode")))
    return JSONResponse(
        {
            "ResponseRefID": secrets.token_hex(8),
            "Response Status": "1001",
            "ShortCode": body.get("ShortCode"),
            "Response Description": "ok",
        }
    )


async def pull_query(request: Request) -> Response:
    """`POST /pulltransactions/v1/query`: what came in, a list within a list, a hundred at a time, of the last 48 hours."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    state: State = request.app.state.books
    try:
        since, until = (
            datetime.strptime(str(body[name]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=NAIROBI).timestamp()
            for name in ("StartDate", "EndDate")
        )
        offset = int(body.get("OffSetValue") or 0)
    except (KeyError, ValueError):
        return error(400, "400.002.02", "Bad Request - Invalid StartDate")
    rows = state.run(
        "SELECT * FROM movement WHERE system = 'daraja' AND direction = 'in' AND at >= ? AND at <= ? ORDER BY at, receipt LIMIT ? OFFSET ?",
        max(since, time.time() - 48 * 3600), until, PAGE, offset,
    )  # fmt: skip
    lines = [
        {
            "transactionId": row["receipt"], "trxDate": _stamp(row["at"], "%Y-%m-%dT%H:%M:%S%z"),
            "msisdn": int(row["phone"].removeprefix("+")), "sender": "MPESA", "transactiontype": "c2b-pay-bill-debit",
            "billreference": row["reference"], "amount": f"{row['cents'] / 100:.2f}", "organizationname": "Huduma",
        }
        for row in rows
    ]  # fmt: skip
    code, said = ("1000", "Success") if lines else ("1001", "No records found")
    return JSONResponse(
        {"ResponseRefID": secrets.token_hex(8), "ResponseCode": code, "ResponseMessage": said, "Response": [lines]}
    )


async def qr(request: Request) -> Response:
    """`POST /mpesa/qrcode/v1/generate`: a PNG in base64."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    if body.get("TrxCode") not in ("BG", "PB", "WA", "SB", "SM"):
        return error(400, "400.002.02", "Bad Request - Invalid TrxCode")
    picture = io.BytesIO()
    text = "|".join(str(body.get(name, "")) for name in ("MerchantName", "TrxCode", "CPI", "RefNo", "Amount"))
    segno.make(text).save(picture, kind="png", scale=6)
    return JSONResponse(
        {
            "ResponseCode": _new_conversation(), "RequestID": secrets.token_hex(8), "ResponseDescription": "The service request is processed successfully.",
            "QRCode": base64.b64encode(picture.getvalue()).decode(),
        }
    )  # fmt: skip


routes = [
    Route("/mpesa/c2b/v2/registerurl", register, methods=["POST"]),
    Route("/mpesa/c2b/v2/simulate", simulate, methods=["POST"]),
    Route("/mpesa/b2c/v3/paymentrequest", pay_out, methods=["POST"]),
    Route("/mpesa/reversal/v1/request", reverse, methods=["POST"]),
    Route("/mpesa/transactionstatus/v1/query", status, methods=["POST"]),
    Route("/mpesa/accountbalance/v1/query", balance, methods=["POST"]),
    Route("/pulltransactions/v1/register", pull_register, methods=["POST"]),
    Route("/pulltransactions/v1/query", pull_query, methods=["POST"]),
    Route("/mpesa/qrcode/v1/generate", qr, methods=["POST"]),
]

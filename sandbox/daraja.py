"""M-Pesa Daraja 3.0, STK push: authorisation, push, query, and the unsigned callback.

After the owner's pages as collected in the project's interface notes, contradictions included: an invalid token answers 404;
`expires_in` is text; a query answers an error envelope while the prompt is open; codes are numbers in callbacks and text in
queries; `Balance` comes without a value.
"""

import asyncio
import base64
import binascii
import random
import re
import secrets
import string
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.delivery import Call, as_json, deliver
from sandbox.state import State

PIN = "1234"
SHORTCODE = "174379"
FIELDS = {
    "BusinessShortCode": r"\d{5,7}",
    "Timestamp": r"\d{14}",
    "TransactionType": "CustomerPayBillOnline|CustomerBuyGoodsOnline",
    "Amount": r"[1-9]\d{0,5}(\.0+)?",
    "PhoneNumber": r"254[17]\d{8}",
    "CallBackURL": r"https?://\S+",
    "AccountReference": ".+",
}
RESULTS = {
    "0": "The service request is processed successfully.",
    "1": "The balance is insufficient for the transaction.",
    "17": "Rule limited.",
    "1019": "Transaction expired.",
    "1032": "Request cancelled by user.",
    "1037": "DS timeout user cannot be reached.",
    "2001": "The initiator information is invalid.",
}


def error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"requestId": secrets.token_hex(8), "errorCode": code, "errorMessage": message}, status)


def _down(state: State) -> Response | None:
    if state.take_fault("daraja", "down"):  # the gateway in front of Daraja answers, and not in JSON
        return HTMLResponse("<html><body><h1>503 Service Unavailable</h1></body></html>", 503)
    return None


async def generate(request: Request) -> Response:
    """`GET /oauth/v1/generate`: a new token; the one before is void from now on."""
    state: State = request.app.state.books
    if (down := _down(state)) is not None:
        return down
    if request.query_params.get("grant_type") != "client_credentials":
        return error(400, "400.008.02", "Invalid grant type passed")
    if not request.headers.get("authorization", "").startswith("Basic "):
        return error(400, "400.008.01", "Invalid Authentication passed")
    token = secrets.token_urlsafe(21)
    with state.exclusive():
        state.run("DELETE FROM token")
        state.run("INSERT INTO token VALUES (?, ?)", token, time.time() + 3599)
    return JSONResponse({"access_token": token, "expires_in": "3599"})


def refusal(request: Request) -> Response | None:
    state: State = request.app.state.books
    if (down := _down(state)) is not None:
        return down
    if state.take_fault("daraja", "expired_token"):
        state.run("DELETE FROM token")
    if state.take_fault("daraja", "error_5xx"):
        return error(500, "500.003.02", "System is busy. Please try again in few minutes.")
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not state.run("SELECT 1 FROM token WHERE value = ? AND expires > ?", token, time.time()):
        return error(404, "404.001.03", "Invalid Access Token")
    return None


async def payload(request: Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _password_ok(body: Mapping[str, Any]) -> bool:
    try:
        decoded = base64.b64decode(str(body["Password"]), validate=True).decode()
    except (KeyError, ValueError, binascii.Error):
        return False
    return decoded.startswith(str(body.get("BusinessShortCode"))) and decoded.endswith(str(body.get("Timestamp")))


async def push(request: Request) -> Response:
    """`POST /mpesa/stkpush/v1/processrequest`: the prompt appears on the handset. Accepted is not paid."""
    state: State = request.app.state.books
    if (fault := state.take_fault("daraja", "timeout")) is not None:
        await asyncio.sleep(fault.seconds)
    if (refused := refusal(request)) is not None:
        return refused
    if (body := await payload(request)) is None:
        return error(400, "400.002.05", "Invalid Request Payload")
    for field, pattern in FIELDS.items():
        if not re.fullmatch(pattern, str(body.get(field, ""))):
            return error(400, "400.002.02", f"Bad Request - Invalid {field}")
    if not _password_ok(body):
        return error(500, "500.001.1001", "Wrong credentials")
    phone = f"+{body['PhoneNumber']}"
    open_prompt = state.run("SELECT 1 FROM prompt WHERE phone = ? AND state = 'open'", phone)
    if open_prompt:
        return error(500, "500.001.1001", "Unable to lock subscriber, a transaction is already in process")
    stamp = datetime.now(ZoneInfo("Africa/Nairobi"))
    checkout = f"ws_CO_{stamp:%d%m%Y%H%M%S}{random.randrange(10**9):09d}"
    merchant = f"{random.randrange(10**4):04d}-{secrets.token_hex(2)}-{secrets.token_hex(9)}"
    state.run(
        "INSERT INTO prompt VALUES (?, ?, ?, ?, ?, ?, ?, 'open', NULL, NULL, ?)",
        checkout, merchant, phone, int(float(body["Amount"])), str(body["AccountReference"])[:12],
        str(body.get("TransactionDesc", ""))[:13], body["CallBackURL"], time.time(),
    )  # fmt: skip
    person = state.person_of_phone(phone)
    task = BackgroundTask(_never_reached, state, checkout) if person and person.get("phone_unreachable") else None
    answered = {
        "MerchantRequestID": merchant,
        "CheckoutRequestID": checkout,
        "ResponseCode": "0",
        "ResponseDescription": "Success. Request accepted for processing",
        "CustomerMessage": "Success. Request accepted for processing",
    }
    return JSONResponse(answered, background=task)


async def query(request: Request) -> Response:
    """`POST /mpesa/stkpushquery/v1/query`: an error envelope while the prompt is open, then the result, as text."""
    state: State = request.app.state.books
    if (refused := refusal(request)) is not None:
        return refused
    if (body := await payload(request)) is None:
        return error(400, "400.002.05", "Invalid Request Payload")
    rows = state.run("SELECT * FROM prompt WHERE checkout_request_id = ?", body.get("CheckoutRequestID"))
    if not rows:
        return error(400, "400.002.02", "Bad Request - Invalid CheckoutRequestID")
    if rows[0]["state"] == "open":
        return error(500, "500.001.1001", "The transaction is being processed")
    return JSONResponse(
        {
            "ResponseCode": "0",
            "ResponseDescription": "The service request has been accepted successsfully",
            "MerchantRequestID": rows[0]["merchant_request_id"],
            "CheckoutRequestID": rows[0]["checkout_request_id"],
            "ResultCode": rows[0]["result_code"],
            "ResultDesc": RESULTS[rows[0]["result_code"]],
        }
    )


def decide(state: State, checkout: str, action: str, pin: str) -> dict[str, Any] | None:
    """The payer's answer on the handset; moves money once. Returns the prompt, or None when it was answered before."""
    with state.exclusive():
        rows = state.run("SELECT * FROM prompt WHERE checkout_request_id = ? AND state = 'open'", checkout)
        if not rows:
            return None
        prompt = dict(rows[0])
        code = {"decline": "1032", "timeout": "1019", "unreachable": "1037"}.get(action, "0")
        if code == "0" and pin != PIN:
            code = "2001"
        if code == "0" and state.balance(prompt["phone"]) < prompt["amount"]:
            code = "1"
        receipt = None
        if code == "0":
            receipt = new_receipt()
            state.move(
                "daraja", "in", receipt, phone=prompt["phone"], cents=prompt["amount"] * 100,
                reference=prompt["reference"], about=checkout,
            )  # fmt: skip
            state.run("UPDATE handset SET balance = balance - ? WHERE phone = ?", prompt["amount"], prompt["phone"])
        state.run(
            "UPDATE prompt SET state = 'answered', result_code = ?, receipt = ? WHERE checkout_request_id = ?",
            code, receipt, checkout,
        )  # fmt: skip
    return {**prompt, "result_code": code, "receipt": receipt}


def callback_body(prompt: dict[str, Any], *, amount: float | None = None) -> dict[str, Any]:
    """The callback as Daraja writes it: metadata on success only, `Balance` without a value, numbers as numbers."""
    callback: dict[str, Any] = {
        "MerchantRequestID": prompt["merchant_request_id"],
        "CheckoutRequestID": prompt["checkout_request_id"],
        "ResultCode": int(prompt["result_code"]),
        "ResultDesc": RESULTS[prompt["result_code"]],
    }
    if prompt["result_code"] == "0":
        stamp = datetime.now(ZoneInfo("Africa/Nairobi"))
        callback["CallbackMetadata"] = {
            "Item": [
                {"Name": "Amount", "Value": float(prompt["amount"]) if amount is None else amount},
                {"Name": "MpesaReceiptNumber", "Value": prompt["receipt"]},
                {"Name": "Balance"},
                {"Name": "TransactionDate", "Value": int(f"{stamp:%Y%m%d%H%M%S}")},
                {"Name": "PhoneNumber", "Value": int(prompt["phone"].removeprefix("+"))},
            ]
        }
    return {"Body": {"stkCallback": callback}}


def _as_text(body: dict[str, Any]) -> dict[str, Any]:
    """The same callback with every number as text: Daraja's own samples disagree, so both ways are to be read."""
    callback = body["Body"]["stkCallback"]
    callback["ResultCode"] = str(callback["ResultCode"])
    for item in callback.get("CallbackMetadata", {}).get("Item", []):
        if "Value" in item:
            item["Value"] = str(item["Value"])
    return body


def answer(state: State, checkout: str, action: str, pin: str) -> Callable[[], Awaitable[None]] | None:
    """Answer a prompt with whatever fault is switched on. Returns the callback to make, or None when it was answered before.

    Where paybill addresses are registered, the money of a prompt is announced there as well, as in real life.
    """
    prompt = decide(state, checkout, action, pin)
    if prompt is None:
        return None
    paid = prompt["result_code"] == "0"
    wrong = paid and state.take_fault("daraja", "wrong_amount")
    body = callback_body(prompt, amount=1.0 if wrong else None)
    if state.take_fault("daraja", "text_numbers"):
        body = _as_text(body)
    calls: list[Call] = [(prompt["callback_url"], as_json(body), {})]
    confirmation = state.address("daraja.confirmation")
    if paid and confirmation:
        calls.append((confirmation, as_json(paybill_body(state, prompt["receipt"])), {}))
    return deliver(state, "daraja", calls)


async def _never_reached(state: State, checkout: str) -> None:
    call_back = answer(state, checkout, "unreachable", "")
    if call_back is not None:
        await call_back()


def new_receipt() -> str:
    """Return a receipt number as M-Pesa writes them."""
    return "S" + "".join(random.choices(string.ascii_uppercase + string.digits, k=9))


def paybill_body(state: State, receipt: str) -> dict[str, Any]:
    """The confirmation of a paybill payment: amounts as text, the payer's number masked (version 2)."""
    movement = state.run("SELECT * FROM movement WHERE receipt = ?", receipt)[0]
    msisdn = movement["phone"].removeprefix("+")
    person = state.person_of_phone(movement["phone"]) or {}
    return {
        "TransactionType": "Pay Bill", "TransID": receipt,
        "TransTime": f"{datetime.fromtimestamp(movement['at'], ZoneInfo('Africa/Nairobi')):%Y%m%d%H%M%S}",
        "TransAmount": f"{movement['cents'] / 100:.2f}", "BusinessShortCode": SHORTCODE,
        "BillRefNumber": movement["reference"], "InvoiceNumber": "", "OrgAccountBalance": "0.00",
        "ThirdPartyTransID": "", "MSISDN": f"{msisdn[:4]} ***** {msisdn[-3:]}",
        "FirstName": str(person.get("first_name", "MFANO")).upper(), "MiddleName": "", "LastName": "",
    }  # fmt: skip


routes = [
    Route("/oauth/v1/generate", generate),
    Route("/mpesa/stkpush/v1/processrequest", push, methods=["POST"]),
    Route("/mpesa/stkpushquery/v1/query", query, methods=["POST"]),
]

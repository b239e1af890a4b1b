"""Two SMS companies: Africa's Talking (`POST /messaging`) and one that speaks Twilio's Messaging API."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import Any

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox import delivery
from sandbox.state import State

NUMBER = re.compile(r"\+[1-9]\d{7,14}")
Call = tuple[dict[str, str], dict[str, str]]  # the fields and the headers of one callback


async def _trouble(state: State, system: str) -> Response | None:
    if (fault := state.take_fault(system, "timeout")) is not None:
        await asyncio.sleep(fault.seconds)
    if state.take_fault(system, "error_5xx", "down"):
        return PlainTextResponse("Internal Server Error", 500)
    return None


def _reports(state: State, system: str, url: str, calls: list[Call]) -> BackgroundTask | None:
    """Return the callbacks to make after the answer, with whatever fault is switched on; None when there are none."""
    if not url or not calls or state.take_fault(system, "lose"):
        return None
    delay = state.take_fault(system, "delay")
    times = 2 if state.take_fault(system, "duplicate") else 1
    return BackgroundTask(_report, url, calls * times, delay.seconds if delay else 0.0)


async def _report(url: str, calls: list[Call], seconds: float) -> None:
    await asyncio.sleep(seconds)
    for fields, headers in calls:
        try:
            await delivery.client().post(url, data=fields, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            continue


async def africastalking(request: Request) -> Response:
    """`POST /version1/messaging`: 201 with an entry for each recipient; delivery reports go to the URL of the account."""
    state: State = request.app.state.books
    if (trouble := await _trouble(state, "africastalking")) is not None:
        return trouble
    if not request.headers.get("apikey"):
        return PlainTextResponse("The supplied authentication is invalid", 401)
    form = await request.form()
    text = str(form.get("message", ""))
    recipients: list[dict[str, Any]] = []
    calls: list[Call] = []
    for number in (part.strip() for part in str(form.get("to", "")).split(",")):
        message_id = f"ATXid_{secrets.token_hex(16)}"
        code, status = 101, "Success"
        if not NUMBER.fullmatch(number):
            code, status = 403, "InvalidPhoneNumber"
        elif state.take_fault("africastalking", "reject"):
            code, status = 407, "CouldNotRoute"
        sent = code == 101
        recipients.append(
            {
                "statusCode": code, "number": number, "status": status, "cost": "KES 0.8000" if sent else "0",
                "messageId": message_id if sent else "None",
            }
        )  # fmt: skip
        if sent:
            state.keep_sms("africastalking", message_id, number, text)
            failed = state.take_fault("africastalking", "undelivered")
            report = {"id": message_id, "status": "Success", "phoneNumber": number, "networkCode": "63902"}
            calls.append((report | {"status": "Failed", "failureReason": "DeliveryFailure"} if failed else report, {}))
    summary = f"Sent to {len(calls)}/{len(recipients)} Total Cost: KES {0.8 * len(calls):.4f}"
    return JSONResponse(
        {"SMSMessageData": {"Message": summary, "Recipients": recipients}}, 201,
        background=_reports(state, "africastalking", request.app.state.at_report_url, calls),
    )  # fmt: skip


def twilio_signature(url: str, fields: dict[str, str], token: str) -> str:
    """`X-Twilio-Signature`: base64 HMAC-SHA1 of the URL followed by the sorted fields."""
    text = url + "".join(key + fields[key] for key in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return (user, password) if scheme == "Basic" and password else None


async def twilio(request: Request) -> Response:
    """`POST /2010-04-01/Accounts/{sid}/Messages.json`: 201 with a message resource, then status callbacks signed by the caller's token."""
    state: State = request.app.state.books
    if (trouble := await _trouble(state, "twilio")) is not None:
        return trouble
    account: str = request.path_params["sid"]
    basic = _basic(request)
    if basic is None or basic[0] != account:
        return JSONResponse({"code": 20003, "message": "Authenticate", "status": 401}, 401)
    form = await request.form()
    phone, text = str(form.get("To", "")), str(form.get("Body", ""))
    if state.take_fault("twilio", "reject") or not NUMBER.fullmatch(phone):
        return JSONResponse({"code": 21211, "message": f"Invalid 'To' Phone Number: {phone}", "status": 400}, 400)
    sid = "SM" + secrets.token_hex(16)
    state.keep_sms("twilio", sid, phone, text)
    last = "undelivered" if state.take_fault("twilio", "undelivered") else "delivered"
    url = str(form.get("StatusCallback", ""))
    calls: list[Call] = []
    for status in ("sent", last):
        fields = {"MessageSid": sid, "MessageStatus": status, "To": phone, "AccountSid": account}
        calls.append((fields, {"X-Twilio-Signature": twilio_signature(url, fields, basic[1])}))
    resource = {"sid": sid, "status": "queued", "to": phone, "error_code": None, "error_message": None}
    return JSONResponse(resource, 201, background=_reports(state, "twilio", url, calls))


routes = [
    Route("/africastalking/version1/messaging", africastalking, methods=["POST"]),
    Route("/twilio/2010-04-01/Accounts/{sid}/Messages.json", twilio, methods=["POST"]),
]

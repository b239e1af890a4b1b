"""Two SMS companies: Africa's Talking (`POST /messaging`) and one that speaks Twilio's Messaging API."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from typing import Any

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.state import State

TWILIO_TOKEN = "sandbox-twilio-token"


def _down(state: State, system: str) -> Response | None:
    if state.take_fault(system, "error_5xx", "down"):
        return PlainTextResponse("Internal Server Error", 500)
    return None


async def _report(url: str, fields: dict[str, str], headers: dict[str, str], times: int) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        for _ in range(times):
            try:
                await client.post(url, data=fields, headers=headers)
            except httpx.HTTPError:
                continue


async def africastalking(request: Request) -> Response:
    """`POST /version1/messaging`: 201 with one recipient entry; the delivery report goes to the URL of the account."""
    state: State = request.app.state.books
    if (fault := state.take_fault("africastalking", "timeout")) is not None:
        await asyncio.sleep(fault.seconds)
    if (refusal := _down(state, "africastalking")) is not None:
        return refusal
    if not request.headers.get("apikey"):
        return PlainTextResponse("The supplied authentication is invalid", 401)
    form = await request.form()
    phone, text = str(form.get("to", "")), str(form.get("message", ""))
    message_id = f"ATXid_{secrets.token_hex(16)}"
    refused = state.take_fault("africastalking", "reject")
    if not refused:
        state.keep_sms("africastalking", message_id, phone, text)
    recipient: dict[str, Any] = {
        "statusCode": 407 if refused else 101,
        "number": phone,
        "status": "CouldNotRoute" if refused else "Success",
        "cost": "0" if refused else "KES 0.8000",
        "messageId": "None" if refused else message_id,
    }
    data = {"Message": f"Sent to {0 if refused else 1}/1 Total Cost: KES 0.8000", "Recipients": [recipient]}
    task = None
    report_url = request.app.state.at_report_url
    if report_url and not refused and not state.take_fault("africastalking", "lose"):
        failed = state.take_fault("africastalking", "undelivered")
        report = {
            "id": message_id,
            "status": "Failed" if failed else "Success",
            "phoneNumber": phone,
            "networkCode": "63902",
        }
        if failed:
            report["failureReason"] = "DeliveryFailure"
        times = 2 if state.take_fault("africastalking", "duplicate") else 1
        task = BackgroundTask(_report, report_url, report, {}, times)
    return JSONResponse({"SMSMessageData": data}, 201, background=task)


def twilio_signature(url: str, fields: dict[str, str], token: str) -> str:
    """`X-Twilio-Signature`: base64 HMAC-SHA1 of the URL followed by the sorted fields."""
    text = url + "".join(key + fields[key] for key in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


async def twilio(request: Request) -> Response:
    """`POST /2010-04-01/Accounts/{sid}/Messages.json`: 201 with a message resource, then a signed status callback."""
    state: State = request.app.state.books
    if (refusal := _down(state, "twilio")) is not None:
        return refusal
    if not request.headers.get("authorization", "").startswith("Basic "):
        return JSONResponse({"code": 20003, "message": "Authenticate", "status": 401}, 401)
    form = await request.form()
    phone, text = str(form.get("To", "")), str(form.get("Body", ""))
    if state.take_fault("twilio", "reject"):
        return JSONResponse({"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}, 400)
    sid = "SM" + secrets.token_hex(16)
    state.keep_sms("twilio", sid, phone, text)
    task = None
    callback = str(form.get("StatusCallback", ""))
    if callback:
        fields = {
            "MessageSid": sid,
            "MessageStatus": "delivered",
            "To": phone,
            "AccountSid": request.path_params["sid"],
        }
        signature = twilio_signature(callback, fields, TWILIO_TOKEN)
        task = BackgroundTask(_report, callback, fields, {"X-Twilio-Signature": signature}, 1)
    resource = {"sid": sid, "status": "queued", "to": phone, "error_code": None, "error_message": None}
    return JSONResponse(resource, 201, background=task)


routes = [
    Route("/africastalking/version1/messaging", africastalking, methods=["POST"]),
    Route("/twilio/2010-04-01/Accounts/{sid}/Messages.json", twilio, methods=["POST"]),
]

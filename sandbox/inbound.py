"""What customers send: mail to our mailbox, SMS, telephone calls, WhatsApp. Each reaches the platform as its company would tell of it."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.delivery import as_json, client, deliver, shared, trouble
from sandbox.mailbox import mailbox_of
from sandbox.state import State

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def incoming_mail(request: Request) -> Response:
    """`POST /_control/incoming/mail`: a whole mail (RFC 5322) for the mailbox."""
    await mailbox_of(request).put_now(await request.body())
    return JSONResponse({"taken": True})


async def incoming_sms(request: Request) -> Response:
    """`POST /_control/incoming/sms` `{"from", "text"}`: Africa's Talking tells of an SMS to our short code."""
    told = await request.json()
    return await _tell_sms(request, str(told["from"]), str(told["text"]))


async def _tell_sms(request: Request, number: str, text: str) -> Response:
    state: State = request.app.state.books
    fields = {
        "id": f"{secrets.token_hex(8)}", "linkId": secrets.token_hex(8), "text": text, "to": "22222", "from": number,
        "date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), "networkCode": "63902",
    }  # fmt: skip
    calls = [(state.address("africastalking.sms"), urlencode(fields).encode(), FORM)]
    return JSONResponse({"id": fields["id"]}, background=BackgroundTask(deliver(state, "africastalking_in", calls)))


async def incoming_call(request: Request) -> Response:
    """`POST /_control/incoming/call` `{"from", "session"?, "digits"?, "over"?, "seconds"?, "recording"?}`: a turn of a call.

    Answers with the session's id and with what the platform told the company to do (XML).
    """
    state: State = request.app.state.books
    told = await request.json()
    session = told.get("session") or f"ATVId_{secrets.token_hex(16)}"
    fields = {
        "isActive": "0" if told.get("over") else "1", "sessionId": session, "direction": "Inbound",
        "callerNumber": told["from"], "destinationNumber": "+254207906000", "currencyCode": "KES",
    }  # fmt: skip
    for field, name in (("digits", "dtmfDigits"), ("seconds", "durationInSeconds"), ("recording", "recordingUrl")):
        if told.get(field):
            fields[name] = str(told[field])
    try:
        answer = await client().post(
            state.address("africastalking.voice"), content=urlencode(fields).encode(), headers=FORM
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return JSONResponse({"session": session, "error": type(error).__name__}, 502)
    return JSONResponse({"session": session, "status": answer.status_code, "actions": answer.text})


def whatsapp_signature(body: bytes, secret: str) -> str:
    """`X-Hub-Signature-256`: hex HMAC-SHA256 of the body under the app's secret."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _webhook(value: dict[str, Any]) -> bytes:
    metadata = {"display_phone_number": "254207906000", "phone_number_id": "100000000000001"}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    return as_json({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


def _tell_whatsapp(state: State, value: dict[str, Any]) -> BackgroundTask:
    body = _webhook(value)
    secret = shared("WHATSAPP_APP_SECRET")
    if state.take_fault("whatsapp", "falsify"):
        secret = "wrong"
    headers = {"X-Hub-Signature-256": whatsapp_signature(body, secret), "Content-Type": "application/json"}
    return BackgroundTask(deliver(state, "whatsapp", [(state.address("whatsapp.webhook"), body, headers)]))


async def incoming_whatsapp(request: Request) -> Response:
    """`POST /_control/incoming/whatsapp` `{"from", "text", "name"?}`: a signed webhook with one message."""
    told = await request.json()
    number, wamid = str(told["from"]).lstrip("+"), f"wamid.{secrets.token_hex(16)}"
    value = {
        "contacts": [{"profile": {"name": told.get("name", "")}, "wa_id": number}],
        "messages": [
            {"from": number, "id": wamid, "timestamp": str(int(time.time())), "type": "text", "text": {"body": told["text"]}}
        ],
    }  # fmt: skip
    request.app.state.books.run("INSERT OR REPLACE INTO spoken VALUES (?, ?)", number, time.time())
    return JSONResponse({"id": wamid}, background=_tell_whatsapp(request.app.state.books, value))


async def whatsapp_send(request: Request) -> Response:
    """`POST /whatsapp/{version}/{number}/messages`: takes a text within a day of the customer's last message, and reports delivery."""
    state: State = request.app.state.books
    if (refused := await trouble(request, "whatsapp")) is not None:
        return refused
    if not request.headers.get("authorization", "").startswith("Bearer "):
        return JSONResponse({"error": {"code": 190, "message": "Invalid OAuth access token."}}, 401)
    told = json.loads(await request.body())
    window = state.run("SELECT at FROM spoken WHERE phone = ?", told["to"])
    if state.take_fault("whatsapp", "window_over") or not window or time.time() - window[0]["at"] > 24 * 3600:
        return JSONResponse({"error": {"code": 131047, "message": "Re-engagement message"}}, 400)
    wamid = f"wamid.{secrets.token_hex(16)}"
    state.keep_sms("whatsapp", wamid, f"+{told['to']}", told["text"]["body"])
    status = "failed" if state.take_fault("whatsapp", "undelivered") else "delivered"
    statuses = [{"id": wamid, "status": status, "timestamp": str(int(time.time())), "recipient_id": told["to"]}]
    answer = {
        "messaging_product": "whatsapp",
        "contacts": [{"input": told["to"], "wa_id": told["to"]}],
        "messages": [{"id": wamid}],
    }
    return JSONResponse(answer, background=_tell_whatsapp(state, {"statuses": statuses}))


async def write_sms(request: Request) -> Response:
    """`POST /phone/write`: an SMS to our short code, from the page of a handset."""
    form = await request.form()
    await _tell_sms_now(request, str(form.get("phone", "")), str(form.get("text", "")))
    back = request.url_for("phone").include_query_params(
        phone=str(form.get("phone", "")), lang=request.query_params.get("lang", "en")
    )
    return Response(status_code=303, headers={"Location": str(back)})


async def _tell_sms_now(request: Request, number: str, text: str) -> None:
    answer = await _tell_sms(request, number, text)
    if answer.background is not None:
        await asyncio.shield(answer.background())


routes = [
    Route("/_control/incoming/mail", incoming_mail, methods=["POST"]),
    Route("/_control/incoming/sms", incoming_sms, methods=["POST"]),
    Route("/_control/incoming/call", incoming_call, methods=["POST"]),
    Route("/_control/incoming/whatsapp", incoming_whatsapp, methods=["POST"]),
    Route("/whatsapp/{version}/{number}/messages", whatsapp_send, methods=["POST"]),
    Route("/phone/write", write_sms, methods=["POST"], name="write_sms"),
]

"""What customers send: mail to our mailbox, SMS, telephone calls, WhatsApp, Messenger, direct messages on X. Each reaches the platform as its company would tell of it."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any
from urllib.parse import quote, unquote, urlencode

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


def meta_signature(body: bytes, secret: str) -> str:
    """`X-Hub-Signature-256`: hex HMAC-SHA256 of the body under the app's secret, for WhatsApp and Messenger alike."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _webhook(value: dict[str, Any]) -> bytes:
    metadata = {"display_phone_number": "254207906000", "phone_number_id": "100000000000001"}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    return as_json({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


def _tell_meta(state: State, system: str, body: bytes) -> BackgroundTask:
    secret = "wrong" if state.take_fault(system, "falsify") else shared(f"{system.upper()}_APP_SECRET")
    headers = {"X-Hub-Signature-256": meta_signature(body, secret), "Content-Type": "application/json"}
    return BackgroundTask(deliver(state, system, [(state.address(f"{system}.webhook"), body, headers)]))


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
    return JSONResponse({"id": wamid}, background=_tell_meta(request.app.state.books, "whatsapp", _webhook(value)))


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
    if mark := told.get("biz_opaque_callback_data"):
        statuses[0]["biz_opaque_callback_data"] = mark
    answer = {
        "messaging_product": "whatsapp",
        "contacts": [{"input": told["to"], "wa_id": told["to"]}],
        "messages": [{"id": wamid}],
    }
    return JSONResponse(answer, background=_tell_meta(state, "whatsapp", _webhook({"statuses": statuses})))


def messenger_webhook(event: dict[str, Any]) -> bytes:
    """A webhook of our page with one event."""
    page, now = "200000000000001", int(time.time() * 1000)
    messaging = [{"recipient": {"id": page}, "timestamp": now, **event}]
    return as_json({"object": "page", "entry": [{"id": page, "time": now, "messaging": messaging}]})


async def incoming_messenger(request: Request) -> Response:
    """`POST /_control/incoming/messenger` `{"from", "text"}`: a signed webhook with one message; `from` is the sender's id at our page."""
    told, state = await request.json(), request.app.state.books
    mid = f"m_{secrets.token_hex(16)}"
    event = {"sender": {"id": str(told["from"])}, "message": {"mid": mid, "text": told["text"]}}
    state.run("INSERT OR REPLACE INTO spoken VALUES (?, ?)", str(told["from"]), time.time())
    return JSONResponse({"id": mid}, background=_tell_meta(state, "messenger", messenger_webhook(event)))


async def messenger_send(request: Request) -> Response:
    """`POST /messenger/{version}/{page}/messages`: the Send API, within a day of the customer's last message; it reports delivery."""
    state: State = request.app.state.books
    if (refused := await trouble(request, "messenger")) is not None:
        return refused
    if not request.headers.get("authorization", "").startswith("Bearer "):
        return JSONResponse({"error": {"code": 190, "message": "Invalid OAuth access token."}}, 401)
    told = json.loads(await request.body())
    to, text = told["recipient"]["id"], told["message"]["text"]
    if len(text) > 2000:
        return JSONResponse(
            {"error": {"code": 100, "message": "Length of param message[text] must be at most 2000"}}, 400
        )
    window = state.run("SELECT at FROM spoken WHERE phone = ?", to)
    if state.take_fault("messenger", "window_over") or not window or time.time() - window[0]["at"] > 24 * 3600:
        message = "This message is sent outside of allowed window."
        return JSONResponse({"error": {"code": 10, "error_subcode": 2018278, "message": message}}, 400)
    mid = f"m_{secrets.token_hex(16)}"
    state.keep_sms("messenger", mid, to, text)
    report = {"sender": {"id": to}, "delivery": {"mids": [mid], "watermark": int(time.time() * 1000)}}
    answer = {"recipient_id": to, "message_id": mid}
    return JSONResponse(answer, background=_tell_meta(state, "messenger", messenger_webhook(report)))


def x_signature(body: bytes, secret: str) -> str:
    """`x-twitter-webhooks-signature`: base64 HMAC-SHA256 of the body under the consumer secret."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def x_webhook(event_id: str, sender: str, text: str, name: str = "") -> bytes:
    """A webhook with one direct message to our account."""
    said = {"target": {"recipient_id": "3000001"}, "sender_id": sender, "message_data": {"text": text, "entities": {}}}
    event = {
        "type": "message_create", "id": event_id, "created_timestamp": str(int(time.time() * 1000)), "message_create": said,
    }  # fmt: skip
    users = {sender: {"id": sender, "name": name, "screen_name": f"user{sender}"}}
    return as_json({"for_user_id": "3000001", "direct_message_events": [event], "users": users})


async def incoming_x(request: Request) -> Response:
    """`POST /_control/incoming/x` `{"from", "text", "name"?}`: a signed webhook with one direct message."""
    told, state = await request.json(), request.app.state.books
    event_id = str(secrets.randbits(60))
    body = x_webhook(event_id, str(told["from"]), told["text"], told.get("name", ""))
    secret = "wrong" if state.take_fault("x", "falsify") else shared("X_CONSUMER_SECRET")
    headers = {"x-twitter-webhooks-signature": x_signature(body, secret), "Content-Type": "application/json"}
    task = BackgroundTask(deliver(state, "x", [(state.address("x.webhook"), body, headers)]))
    return JSONResponse({"id": event_id}, background=task)


async def x_check(request: Request) -> Response:
    """`POST /_control/check/x`: asks our address to sign a word, as X does when it is entered and from time to time."""
    state: State = request.app.state.books
    word = secrets.token_urlsafe(16)
    answer = await client().get(state.address("x.webhook"), params={"crc_token": word})
    right = answer.status_code == 200 and answer.json() == {
        "response_token": x_signature(word.encode(), shared("X_CONSUMER_SECRET"))
    }
    return JSONResponse({"valid": right})


async def x_send(request: Request) -> Response:
    """`POST /x/2/dm_conversations/with/{to}/messages`: takes a direct message signed by OAuth 1.0a (RFC 5849)."""
    state: State = request.app.state.books
    if (refused := await trouble(request, "x")) is not None:
        return refused
    if not _is_oauth(request):
        return JSONResponse(
            {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, 401
        )
    if state.take_fault("x", "too_many"):
        return JSONResponse({"title": "Too Many Requests", "status": 429}, 429)
    told = json.loads(await request.body())
    event_id = str(secrets.randbits(60))
    state.keep_sms("x", event_id, request.path_params["to"], told["text"])
    return JSONResponse(
        {"data": {"dm_conversation_id": f"{request.path_params['to']}-3000001", "dm_event_id": event_id}}, 201
    )


def _is_oauth(request: Request) -> bool:
    """Whether a call without parameters is signed with HMAC-SHA1 under both secrets, reckoned anew from RFC 5849 §3.4."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    pairs = (one.strip().partition("=") for one in rest.split(","))
    given = {name: unquote(value.strip('"')) for name, _, value in pairs}
    signed = given.pop("oauth_signature", "")
    normal = "&".join(f"{quote(name, '~')}={quote(value, '~')}" for name, value in sorted(given.items()))
    base = "&".join(quote(one, "~") for one in (request.method, str(request.url.replace(query="")), normal))
    key = f"{quote(shared('X_CONSUMER_SECRET'), '~')}&{quote(shared('X_ACCESS_SECRET'), '~')}"
    expected = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()
    return scheme == "OAuth" and hmac.compare_digest(signed, expected)


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
    Route("/_control/incoming/messenger", incoming_messenger, methods=["POST"]),
    Route("/_control/incoming/x", incoming_x, methods=["POST"]),
    Route("/_control/check/x", x_check, methods=["POST"]),
    Route("/messenger/{version}/{page}/messages", messenger_send, methods=["POST"]),
    Route("/x/2/dm_conversations/with/{to}/messages", x_send, methods=["POST"]),
    Route("/phone/write", write_sms, methods=["POST"], name="write_sms"),
]

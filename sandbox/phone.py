"""The sandbox phone: a handset in the browser that receives SMS, shows the payment prompt and takes a PIN. Works without JavaScript."""

import base64
import hashlib
import hmac
import html
import json
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import airtel, ari, daraja, paybill, pesaflow
from sandbox.pages import WORDS, choose, language, page
from sandbox.state import FAULTS, Fault, State

LINK = re.compile(r"""https?://[^\s<>"']*[^\s<>"'.,;:!?)\]]""")
ACTIONS = ("pay", "decline", "timeout")


def _linked(text: str) -> str:
    parts, end = [], 0
    for match in LINK.finditer(text):
        address = html.escape(match[0])
        parts.append(f'{html.escape(text[end : match.start()])}<a href="{address}">{address}</a>')
        end = match.end()
    return "".join(parts) + html.escape(text[end:])


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _wrong(reason: str) -> JSONResponse:
    return JSONResponse({"error": reason}, 400)


def _contacts(state: State, words: dict[str, str], language: str) -> str:
    items = "".join(
        f'<li><a href="?phone=%2B{p["phone"][1:]}&amp;lang={language}">{html.escape(p["first_name"])} {html.escape(p["surname"])}</a>'
        f'<br><span class="soft">{_spaced(p["phone"])}</span></li>'
        for p in state.people.values()
        if p.get("phone")
    )
    return f'<h2>{words["contacts"]}</h2><ul class="contacts">{items}</ul>'


def _spaced(phone: str) -> str:
    local = phone.replace("+254", "0")
    return f"{local[:4]} {local[4:7]} {local[7:]}"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, ZoneInfo('Africa/Nairobi')):%H:%M}"


def _handset(state: State, phone: str, words: dict[str, str], language: str) -> str:
    parts = [_call(state, phone, words, language)]
    for prompt in state.run("SELECT * FROM prompt WHERE phone = ? AND state = 'open' ORDER BY at", phone):
        ask = words["ask"].format(amount=f"{prompt['amount']:,}", reference=html.escape(prompt["reference"]))
        parts.append(
            f'<form class="prompt" method="post" action="answer?lang={language}"><h2>{words["payment"]}</h2><p>{ask}</p>'
            f'<input type="hidden" name="checkout_request_id" value="{prompt["checkout_request_id"]}">'
            f'<input type="hidden" name="phone" value="{html.escape(phone)}">'
            f'<label for="pin">{words["pin"]}</label><input id="pin" name="pin" inputmode="numeric" autocomplete="off" type="password">'
            f'<button name="action" value="pay">{words["pay"]}</button>'
            f'<button class="quiet" name="action" value="decline">{words["decline"]}</button>'
            f'<button class="quiet" name="action" value="timeout">{words["ignore"]}</button></form>'
        )
    for prompt in state.run("SELECT * FROM airtel WHERE phone = ? AND status = 'TIP' ORDER BY at", phone):
        ask = words["ask"].format(amount=f"{prompt['amount']:,}", reference=html.escape(prompt["reference"]))
        parts.append(
            f'<form class="prompt" method="post" action="answer?lang={language}"><h2>{words["airtel"]}</h2><p>{ask}</p>'
            f'<input type="hidden" name="airtel_id" value="{html.escape(prompt["id"])}">'
            f'<input type="hidden" name="phone" value="{html.escape(phone)}">'
            f'<label for="airtel-pin">{words["airtel_pin"]}</label>'
            f'<input id="airtel-pin" name="pin" inputmode="numeric" autocomplete="off" type="password">'
            f'<button name="action" value="pay">{words["pay"]}</button>'
            f'<button class="quiet" name="action" value="decline">{words["decline"]}</button>'
            f'<button class="quiet" name="action" value="timeout">{words["ignore"]}</button></form>'
        )
    parts.append(
        f'<form method="post" action="write?lang={language}"><input type="hidden" name="phone" value="{html.escape(phone)}">'
        f'<label for="write">{words["write"]}</label><input id="write" name="text" maxlength="480" autocomplete="off">'
        f"<button>{words['send']}</button></form>"
    )
    rows = state.run("SELECT text, at FROM sms WHERE phone = ? ORDER BY id DESC LIMIT 20", phone)
    items = "".join(f'<li><span class="soft">{_clock(row["at"])}</span>\n{_linked(row["text"])}</li>' for row in rows)
    parts.append(f"<h2>{words['messages']}</h2>")
    parts.append(f'<ul class="sms">{items}</ul>' if items else f"<p>{words['none']}</p>")
    parts.append(f'<p class="soft">{words["balance"]}: KSh {state.balance(phone):,}</p>')
    return "".join(parts)


def _call(state: State, phone: str, words: dict[str, str], language: str) -> str:
    """What the handset offers about calls: calling Huduma, or what can be done with the call that it is in."""
    leg, acts = state.exchange.of(phone), []
    if leg is None:
        said, acts = "", [("call", "call_us", "")]
    elif leg.state == "ring" and leg.is_ours:
        said, acts = (
            words["calls_you"].format(who=html.escape(leg.shown)),
            [("answer", "lift", ""), ("decline", "decline", "quiet")],
        )
    else:
        said, acts = (
            words["in_call"].format(who=html.escape(leg.talks_with or words["nobody"])),
            [("hangup", "hang_up", "quiet")],
        )
    keys = ""
    if leg is not None and leg.state == "up":
        keys = f'<label for="key">{words["key"]}</label><input id="key" name="digit" inputmode="numeric" maxlength="1" autocomplete="off">'
        acts.insert(0, ("key", "press", ""))
    buttons = "".join(
        f'<button class="{look}" name="action" value="{act}">{words[word]}</button>' for act, word, look in acts
    )
    return (
        f'<form{" class=prompt" if leg else ""} method="post" action="call?lang={language}">'
        f'<input type="hidden" name="phone" value="{html.escape(phone)}">{f"<p>{said}</p>" if said else ""}{keys}{buttons}</form>'
    )


async def use_phone(request: Request, phone: str, action: str, digit: str = "") -> bool:
    """Do one thing with a handset: call (us), answer, decline, hangup, key. Returns whether it could be done."""
    exchange = request.app.state.books.exchange
    leg = exchange.of(phone)
    if leg is None:
        return action == "call" and (await ari.ari_of(request).call_in(phone)).state == "ring"
    if action == "answer":
        await exchange.lift(leg)
    elif action == "key" and digit:
        await exchange.press(leg, digit)
    elif action in ("decline", "hangup"):
        await exchange.end(leg, 21 if action == "decline" else 16)
    else:
        return False
    return True


async def call(request: Request) -> Response:
    """`POST /phone/call`: from the page."""
    form = await request.form()
    number = str(form.get("phone", ""))
    await use_phone(request, number, str(form.get("action")), str(form.get("digit", ""))[:1])
    target = request.url_for("phone").include_query_params(phone=number, lang=language(request))
    return RedirectResponse(str(target), 303)


async def call_api(request: Request) -> Response:
    """`POST /phone/api/call` `{"phone", "action": "call|answer|decline|hangup|key", "digit"?}`: the same for tests."""
    body = await _json(request)
    number = str(body.get("phone", ""))
    done = await use_phone(request, number, str(body.get("action")), str(body.get("digit", "")))
    leg = request.app.state.books.exchange.of(number)
    shown = {"state": leg.state, "shown": leg.shown, "talks_with": leg.talks_with, "said": leg.said} if leg else None
    return JSONResponse({"done": done, "call": shown})


def _number(text: str) -> str:
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) <= 6:
        return digits  # the extension of an agent
    return f"+254{digits[1:]}" if digits.startswith("0") else f"+{digits}" if digits else ""


async def phone(request: Request) -> Response:
    """The page: choose a number, then its inbox and its prompts."""
    state: State = request.app.state.books
    code = language(request)
    words = WORDS[code]
    number = _number(request.query_params.get("phone", ""))
    if request.headers.get("x-live"):
        return HTMLResponse(_handset(state, number, words, code) if number else "")
    options = "".join(
        f'<option value="{p["phone"]}"{" selected" if p["phone"] == number else ""}>{p["phone"]} {p["first_name"]} {p["surname"]}</option>'
        for p in state.people.values()
        if p.get("phone")
    )
    chooser = (
        f'<p class="soft">{words["lead"]}</p><form method="get"><input type="hidden" name="lang" value="{code}">'
        f'<label for="number">{words["number"]}</label><input id="number" name="phone" list="numbers" inputmode="tel" value="{html.escape(number)}">'
        f'<datalist id="numbers">{options}</datalist><button>{words["refresh"] if number else words["open"]}</button></form>'
    )
    if not number:
        return page(request, words["title"], chooser + _contacts(state, words, code))
    notice = words.get({"yes": "answered", "late": "late"}.get(request.query_params.get("done", ""), ""), "")
    # Only what is new is read out; the inbox itself is replaced as a whole.
    live = (
        f'<p role="status" class="soft" id="news">{notice}</p>'
        f'<div id="live" data-new="{words["new"]}">{_handset(state, number, words, code)}</div>'
    )
    return page(request, words["title"], chooser + live)


async def answer(request: Request) -> Response:
    """The payer's answer, from the page."""
    form = await request.form()
    action = str(form.get("action"))
    if action not in ACTIONS:
        return HTMLResponse(f"action is one of {', '.join(ACTIONS)}", 400)
    state, pin = request.app.state.books, str(form.get("pin", ""))
    if form.get("airtel_id"):
        call_back = airtel.answer(state, str(form["airtel_id"]), action, pin)
    else:
        call_back = daraja.answer(state, str(form.get("checkout_request_id")), action, pin)
    target = request.url_for("phone").include_query_params(
        phone=str(form.get("phone", "")), lang=language(request), done="yes" if call_back else "late"
    )
    return RedirectResponse(str(target), 303, background=BackgroundTask(call_back) if call_back else None)


async def pay(request: Request) -> Response:
    """The menu "Pay bill" of a phone: our own paybill with a bill's reference, or 222222 with an invoice number."""
    state: State = request.app.state.books
    words = WORDS[language(request)]
    said, call_back, form = "", None, {"paybill": daraja.SHORTCODE}
    if request.method == "POST":
        form = {name: str(value).strip() for name, value in (await request.form()).items()}
        said, call_back = await pay_bill(state, form)
    number = form.get("phone", request.query_params.get("phone", ""))
    notice = words.get(said, words["paid"].format(receipt=said) if said else "")
    inner = (
        f'<p class="soft">{words["menu_lead"]}</p><p role="status">{notice}</p><form method="post">{choose(state, words, "phone", number)}'
        f'<label for="paybill">{words["paybill_number"]}</label><input id="paybill" name="paybill" inputmode="numeric" value="{html.escape(form["paybill"])}">'
        f'<label for="account">{words["account"]}</label><input id="account" name="account" autocomplete="off" value="{html.escape(form.get("account", ""))}">'
        f'<label for="amount">{words["amount"]}</label><input id="amount" name="amount" inputmode="numeric" value="{html.escape(form.get("amount", ""))}">'
        f'<label for="pin">{words["pin"]}</label><input id="pin" name="pin" type="password" inputmode="numeric" autocomplete="off">'
        f"<button>{words['pay']}</button></form>"
    )
    answer = page(request, words["paybill"], inner)
    answer.background = BackgroundTask(call_back) if call_back else None
    return answer


async def pay_bill(state: State, form: dict[str, str]) -> tuple[str, Callable[[], Awaitable[None]] | None]:
    """Send money by the menu; returns the receipt or why not, and the notice to send."""
    phone, amount = _number(form.get("phone", "")), form.get("amount", "")
    if not amount.isdigit():
        return "refused", None
    if form["paybill"] == pesaflow.PAYBILL:
        return pesaflow.pay_invoice(state, form.get("account", ""), phone, int(amount) * 100, form.get("pin", ""))
    if form["paybill"] != daraja.SHORTCODE:
        return "refused", None
    return await paybill.pay_bill(state, phone, form.get("account", ""), int(amount), form.get("pin", ""))


async def pay_api(request: Request) -> Response:
    """`POST /phone/api/pay` `{"phone", "paybill", "account", "amount", "pin"}`: for tests."""
    form = {name: str(value) for name, value in (await _json(request)).items()}
    said, call_back = await pay_bill(request.app.state.books, form)
    background = BackgroundTask(call_back) if call_back else None
    return JSONResponse({"said": said}, background=background)


async def answer_api(request: Request) -> Response:
    """`POST /phone/api/answer`: the same for tests and benchmarks."""
    body = await _json(request)
    if body.get("action") not in ACTIONS or not body.get("checkout_request_id"):
        return _wrong(f"checkout_request_id and action are needed; action is one of {', '.join(ACTIONS)}")
    call_back = daraja.answer(
        request.app.state.books, str(body["checkout_request_id"]), body["action"], str(body.get("pin", ""))
    )
    background = BackgroundTask(call_back) if call_back else None
    return JSONResponse({"answered": call_back is not None}, background=background)


async def handset_api(request: Request) -> Response:
    """`GET /phone/api/{number}`: what a handset shows."""
    state: State = request.app.state.books
    number = _number(request.path_params["number"])
    return JSONResponse(
        {
            "sms": [dict(r) for r in state.run("SELECT * FROM sms WHERE phone = ? ORDER BY id", number)],
            "airtel": [dict(r) for r in state.run("SELECT * FROM airtel WHERE phone = ? ORDER BY at", number)],
            "prompts": [dict(r) for r in state.run("SELECT * FROM prompt WHERE phone = ? ORDER BY at", number)],
            "balance": state.balance(number),
        }
    )


async def mail(request: Request) -> Response:
    """The e-mails that reached the sandbox."""
    state: State = request.app.state.books
    words = WORDS[language(request)]
    rows = state.run("SELECT * FROM mail ORDER BY id DESC LIMIT 20")
    items = "".join(
        f"<li><strong>{html.escape(r['subject'] or words['nosubject'])}</strong>\n{words['to']}: {html.escape(r['recipient'])}\n{_linked(r['text'])}</li>"
        for r in rows
    )
    return page(request, words["mail"], f'<ul class="sms">{items}</ul>' if items else f"<p>{words['nomail']}</p>")


def totp_code(secret: str, at: float) -> str:
    """The six-digit code of RFC 6238 (SHA-1, 30 s)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, int(at // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


async def totp(request: Request) -> Response:
    """The current codes of the demo staff, in place of an authenticator app."""
    words = WORDS[language(request)]
    secrets_: dict[str, str] = request.app.state.totp
    if request.query_params.get("format") == "json":
        return JSONResponse({label: totp_code(secret, time.time()) for label, secret in secrets_.items()})
    items = "".join(
        f'<li>{html.escape(label)}\n<span class="code">{totp_code(secret, time.time())}</span></li>'
        for label, secret in secrets_.items()
    )
    return page(request, words["codes"], f'<p class="soft">{words["seconds"]}</p><ul class="sms">{items}</ul>')


async def reset(request: Request) -> Response:
    """`POST /_control/reset`: forget messages, payments and faults."""
    request.app.state.mailbox.empty()
    request.app.state.books.reset()
    return JSONResponse({"reset": True})


async def calm(request: Request) -> Response:
    """`POST /_control/calm`: switch all faults off; what they did stays done."""
    request.app.state.books.faults.clear()
    return JSONResponse({"ok": True})


async def report_url(request: Request) -> Response:
    """`POST /_control/report_url`: where Africa's Talking sends delivery reports, as one enters it in its dashboard."""
    body = await _json(request)
    if not str(body.get("url", "")).startswith(("http://", "https://")):
        return _wrong("url is needed")
    request.app.state.at_report_url = body["url"]
    return JSONResponse({"ok": True})


async def addresses(request: Request) -> Response:
    """`POST /_control/addresses` `{name: url}`: what one enters in a gateway's own portal, such as `airtel.callback`."""
    for name, url in (await _json(request)).items():
        request.app.state.books.run("INSERT OR REPLACE INTO address VALUES (?, ?)", name, str(url))
    return JSONResponse({"ok": True})


async def movements(request: Request) -> Response:
    """`GET /_control/books`: all money that came in or went out, oldest first."""
    rows = request.app.state.books.run("SELECT * FROM movement ORDER BY at, receipt")
    return JSONResponse([dict(row) for row in rows])


async def calling(request: Request) -> Response:
    """`GET /_control/calling`: how many callbacks are on their way, or will be sent again."""
    return JSONResponse({"callbacks": request.app.state.books.calling})


async def kept_messages(request: Request) -> Response:
    """`GET /_control/messages?phone=`: every SMS, or those of one number, oldest first."""
    state: State = request.app.state.books
    number = _number(request.query_params.get("phone", ""))
    rows = state.run("SELECT * FROM sms WHERE ? IN ('', phone) ORDER BY id", number)
    return JSONResponse([dict(row) for row in rows])


async def mail_control(request: Request) -> Response:
    """`GET /_control/mail`: every e-mail, oldest first; `POST` switches a fault on."""
    if request.method == "POST":
        request.path_params["system"] = "mail"
        return await control(request)
    return JSONResponse([dict(row) for row in request.app.state.books.run("SELECT * FROM mail ORDER BY id")])


async def control(request: Request) -> Response:
    """`POST /_control/{system}`: switch a fault on for the next `times` calls (-1: until reset), each with a `chance`."""
    state: State = request.app.state.books
    system: str = request.path_params["system"]
    if system not in FAULTS:
        return JSONResponse({"error": f"the systems are {', '.join(FAULTS)}"}, 404)
    body = await _json(request)
    kinds = FAULTS[system].split()
    if body.get("fault") not in kinds:
        return _wrong(f"fault is one of {', '.join(kinds)}")
    try:
        fault = Fault(
            body["fault"],
            int(body.get("times", 1)),
            float(body.get("seconds", 0.2)),
            float(body.get("chance", 1)),
        )
    except (TypeError, ValueError):
        return _wrong("times, seconds and chance are numbers")
    state.faults.setdefault(system, []).append(fault)
    return JSONResponse({"ok": True})


routes = [
    Route("/phone/", phone, name="phone"),
    Route("/phone/call", call, methods=["POST"]),
    Route("/phone/api/call", call_api, methods=["POST"]),
    Route("/phone/answer", answer, methods=["POST"]),
    Route("/phone/mail", mail),
    Route("/phone/totp", totp),
    Route("/phone/api/answer", answer_api, methods=["POST"]),
    Route("/phone/pay", pay, methods=["GET", "POST"]),
    Route("/phone/api/pay", pay_api, methods=["POST"]),
    Route("/phone/api/airtel", airtel.answer_api, methods=["POST"]),
    Route("/phone/api/{number}", handset_api),
    Route("/_control/reset", reset, methods=["POST"]),
    Route("/_control/calm", calm, methods=["POST"]),
    Route("/_control/report_url", report_url, methods=["POST"]),
    Route("/_control/addresses", addresses, methods=["POST"]),
    Route("/_control/books", movements),
    Route("/_control/calling", calling),
    Route("/_control/messages", kept_messages),
    Route("/_control/mail", mail_control, methods=["GET", "POST"]),
    Route("/_control/{system}", control, methods=["POST"]),
]

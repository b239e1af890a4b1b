"""The sandbox phone: a handset in the browser that receives SMS, shows the payment prompt and takes a PIN. Works without JavaScript."""

import base64
import hashlib
import hmac
import html
import json
import re
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import daraja
from sandbox.state import FAULTS, Fault, State

LINK = re.compile(r"""https?://[^\s<>"']*[^\s<>"'.,;:!?)\]]""")
ACTIONS = ("pay", "decline", "timeout")
WORDS = {
    "en": {
        "title": "Sandbox phone", "lead": "A handset for trying Huduma. No real message is sent and no real money moves.",
        "number": "Phone number", "open": "Open this phone", "messages": "Messages", "none": "No messages yet.",
        "refresh": "Look for new messages", "pay": "Pay", "decline": "Decline", "ignore": "Do nothing",
        "pin": "M-Pesa PIN (1234 in the sandbox)", "ask": "Do you want to pay KSh {amount} to Huduma, account {reference}?",
        "balance": "M-Pesa balance", "mail": "E-mail", "staff": "Staff codes", "other": "Kiswahili", "other_code": "sw",
        "codes": "One-time codes of the demo officers", "seconds": "The codes change every 30 seconds.", "nomail": "No e-mail yet.",
        "portal": "Back to the portal", "payment": "Payment request", "answered": "Answered. The result goes to Huduma now.",
        "to": "To", "nosubject": "No subject", "contacts": "Test citizens", "late": "This request had been answered before.",
        "new": "New on this phone",
    },
    "sw": {
        "title": "Simu ya majaribio", "lead": "Simu ya kujaribia Huduma. Hakuna ujumbe wala pesa za kweli zinazotumwa.",
        "number": "Nambari ya simu", "open": "Fungua simu hii", "messages": "Ujumbe", "none": "Bado hakuna ujumbe.",
        "refresh": "Tafuta ujumbe mpya", "pay": "Lipa", "decline": "Kataa", "ignore": "Usifanye kitu",
        "pin": "PIN ya M-Pesa (1234 kwenye majaribio)", "ask": "Je, ungependa kulipa KSh {amount} kwa Huduma, akaunti {reference}?",
        "balance": "Salio la M-Pesa", "mail": "Barua pepe", "staff": "Misimbo ya wafanyakazi", "other": "English", "other_code": "en",
        "codes": "Misimbo ya mara moja ya maafisa wa majaribio", "seconds": "Misimbo hubadilika kila sekunde 30.",
        "nomail": "Bado hakuna barua pepe.", "portal": "Rudi kwenye tovuti", "payment": "Ombi la malipo",
        "answered": "Imejibiwa. Matokeo yanatumwa kwa Huduma sasa.", "to": "Kwa", "nosubject": "Bila mada", "contacts": "Raia wa majaribio", "late": "Ombi hili lilikuwa limejibiwa awali.",
        "new": "Jipya kwenye simu hii",
    },
}  # fmt: skip
STYLE = """
:root{color-scheme:light dark;--ink:#14221b;--soft:#4b5a52;--paper:#f3f5f1;--card:#fff;--line:#8a978f;--brand:#00592d;--on:#fff;--bubble:#e4efe7}
@media(prefers-color-scheme:dark){:root{--ink:#eef3ef;--soft:#b9c5bd;--paper:#0d1410;--card:#16201a;--line:#74837a;--brand:#7fd6a2;--on:#06150c;--bubble:#20352a}}
*{box-sizing:border-box}body{margin:0;font:1.0625rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:24rem;margin:1rem auto;padding:1.25rem;background:var(--card);border:.5rem solid var(--ink);border-radius:2rem;min-height:34rem}
nav{max-width:24rem;margin:1rem auto 0;padding:0 1rem;display:flex;flex-wrap:wrap;gap:.25rem 1rem}h1{font-size:1.35rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:1.25rem 0 .5rem}
p{margin:.35rem 0}.soft{color:var(--soft);font-size:.95rem}a{color:var(--brand)}label{display:block;font-weight:600;margin:.75rem 0 .25rem}
input,select{font:inherit;width:100%;padding:.6rem;border:2px solid var(--line);border-radius:.5rem;background:var(--card);color:var(--ink)}
button{font:inherit;font-weight:600;padding:.6rem 1rem;margin:.75rem .5rem 0 0;border:2px solid var(--brand);border-radius:.5rem;background:var(--brand);color:var(--on);min-height:2.75rem}
button.quiet{background:none;color:var(--brand)}:focus-visible{outline:3px solid #f2b705;outline-offset:2px}
.sms{list-style:none;padding:0;margin:0}.sms li{background:var(--bubble);border-radius:1rem 1rem 1rem .25rem;padding:.6rem .8rem;margin:.5rem 0;overflow-wrap:anywhere;white-space:pre-line}
.contacts{list-style:none;padding:0;margin:0}.contacts li{border-top:1px solid var(--line);padding:.5rem 0}.contacts a{font-weight:600}
.prompt{border:3px solid var(--brand);border-radius:1rem;padding:.75rem 1rem;margin:1rem 0}.code{font:700 1.5rem ui-monospace,monospace;letter-spacing:.15em}
"""
SCRIPT = """
const box=document.getElementById('live');if(box)setInterval(async()=>{if(box.contains(document.activeElement))return;
const r=await fetch(location.href,{headers:{'x-live':'1'}}).catch(()=>null);if(!r||!r.ok)return;const t=await r.text();
if(box.dataset.last!==t){const first=!box.dataset.last;box.dataset.last=t;if(!first||box.innerHTML!==t){box.innerHTML=t;
if(!first)document.getElementById('news').textContent=box.dataset.new+': '+(box.querySelector('.prompt p,.sms li')?.textContent||'')}}},1500);
"""


def _language(request: Request) -> str:
    return "sw" if request.query_params.get("lang") == "sw" else "en"


def _page(request: Request, title: str, inner: str) -> HTMLResponse:
    language = _language(request)
    words = WORDS[language]
    other = request.url.include_query_params(lang=words["other_code"])
    portal = request.app.state.huduma_url
    back = f'<a href="{html.escape(portal)}/{language}/">{words["portal"]}</a>' if portal else ""
    base = request.url_for("phone").path
    return HTMLResponse(
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body>'
        f'<nav aria-label="Sandbox"><a href="{base}?lang={language}">{words["title"]}</a><a href="{base}mail?lang={language}">{words["mail"]}</a>'
        f'<a href="{base}totp?lang={language}">{words["staff"]}</a><a href="{html.escape(str(other))}" lang="{words["other_code"]}">{words["other"]}</a>'
        f"{back}</nav><main><h1>{title}</h1>{inner}</main><script>{SCRIPT}</script></body></html>"
    )


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
    parts = []
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
    rows = state.run("SELECT text, at FROM sms WHERE phone = ? ORDER BY id DESC LIMIT 20", phone)
    items = "".join(f'<li><span class="soft">{_clock(row["at"])}</span>\n{_linked(row["text"])}</li>' for row in rows)
    parts.append(f"<h2>{words['messages']}</h2>")
    parts.append(f'<ul class="sms">{items}</ul>' if items else f"<p>{words['none']}</p>")
    parts.append(f'<p class="soft">{words["balance"]}: KSh {state.balance(phone):,}</p>')
    return "".join(parts)


def _number(text: str) -> str:
    digits = "".join(character for character in text if character.isdigit())
    return f"+254{digits[1:]}" if digits.startswith("0") else f"+{digits}" if digits else ""


async def phone(request: Request) -> Response:
    """The page: choose a number, then its inbox and its prompts."""
    state: State = request.app.state.books
    language = _language(request)
    words = WORDS[language]
    number = _number(request.query_params.get("phone", ""))
    if request.headers.get("x-live"):
        return HTMLResponse(_handset(state, number, words, language) if number else "")
    options = "".join(
        f'<option value="{p["phone"]}"{" selected" if p["phone"] == number else ""}>{p["phone"]} {p["first_name"]} {p["surname"]}</option>'
        for p in state.people.values()
        if p.get("phone")
    )
    chooser = (
        f'<p class="soft">{words["lead"]}</p><form method="get"><input type="hidden" name="lang" value="{language}">'
        f'<label for="number">{words["number"]}</label><input id="number" name="phone" list="numbers" inputmode="tel" value="{html.escape(number)}">'
        f'<datalist id="numbers">{options}</datalist><button>{words["refresh"] if number else words["open"]}</button></form>'
    )
    if not number:
        return _page(request, words["title"], chooser + _contacts(state, words, language))
    notice = words.get({"yes": "answered", "late": "late"}.get(request.query_params.get("done", ""), ""), "")
    # Only what is new is read out; the inbox itself is replaced as a whole.
    live = (
        f'<p role="status" class="soft" id="news">{notice}</p>'
        f'<div id="live" data-new="{words["new"]}">{_handset(state, number, words, language)}</div>'
    )
    return _page(request, words["title"], chooser + live)


async def answer(request: Request) -> Response:
    """The payer's answer, from the page."""
    form = await request.form()
    action = str(form.get("action"))
    if action not in ACTIONS:
        return HTMLResponse(f"action is one of {', '.join(ACTIONS)}", 400)
    call_back = daraja.answer(
        request.app.state.books, str(form.get("checkout_request_id")), action, str(form.get("pin", ""))
    )
    target = request.url_for("phone").include_query_params(
        phone=str(form.get("phone", "")), lang=_language(request), done="yes" if call_back else "late"
    )
    return RedirectResponse(str(target), 303, background=BackgroundTask(call_back) if call_back else None)


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
            "prompts": [dict(r) for r in state.run("SELECT * FROM prompt WHERE phone = ? ORDER BY at", number)],
            "balance": state.balance(number),
        }
    )


async def mail(request: Request) -> Response:
    """The e-mails that reached the sandbox."""
    state: State = request.app.state.books
    words = WORDS[_language(request)]
    rows = state.run("SELECT * FROM mail ORDER BY id DESC LIMIT 20")
    items = "".join(
        f"<li><strong>{html.escape(r['subject'] or words['nosubject'])}</strong>\n{words['to']}: {html.escape(r['recipient'])}\n{_linked(r['text'])}</li>"
        for r in rows
    )
    return _page(request, words["mail"], f'<ul class="sms">{items}</ul>' if items else f"<p>{words['nomail']}</p>")


def totp_code(secret: str, at: float) -> str:
    """The six-digit code of RFC 6238 (SHA-1, 30 s)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, int(at // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


async def totp(request: Request) -> Response:
    """The current codes of the demo staff, in place of an authenticator app."""
    words = WORDS[_language(request)]
    secrets_: dict[str, str] = request.app.state.totp
    if request.query_params.get("format") == "json":
        return JSONResponse({label: totp_code(secret, time.time()) for label, secret in secrets_.items()})
    items = "".join(
        f'<li>{html.escape(label)}\n<span class="code">{totp_code(secret, time.time())}</span></li>'
        for label, secret in secrets_.items()
    )
    return _page(request, words["codes"], f'<p class="soft">{words["seconds"]}</p><ul class="sms">{items}</ul>')


async def reset(request: Request) -> Response:
    """`POST /_control/reset`: forget messages, payments and faults."""
    request.app.state.books.reset()
    return JSONResponse({"reset": True})


async def report_url(request: Request) -> Response:
    """`POST /_control/report_url`: where Africa's Talking sends delivery reports, as one enters it in its dashboard."""
    body = await _json(request)
    if not str(body.get("url", "")).startswith(("http://", "https://")):
        return _wrong("url is needed")
    request.app.state.at_report_url = body["url"]
    return JSONResponse({"ok": True})


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
    """`POST /_control/{system}`: switch a fault on for the next `times` calls (-1: until reset)."""
    state: State = request.app.state.books
    system: str = request.path_params["system"]
    if system not in FAULTS:
        return JSONResponse({"error": f"the systems are {', '.join(FAULTS)}"}, 404)
    body = await _json(request)
    kinds = FAULTS[system].split()
    if body.get("fault") not in kinds:
        return _wrong(f"fault is one of {', '.join(kinds)}")
    try:
        fault = Fault(body["fault"], int(body.get("times", 1)), float(body.get("seconds", 0.2)))
    except (TypeError, ValueError):
        return _wrong("times and seconds are numbers")
    state.faults.setdefault(system, []).append(fault)
    return JSONResponse({"ok": True})


routes = [
    Route("/phone/", phone, name="phone"),
    Route("/phone/answer", answer, methods=["POST"]),
    Route("/phone/mail", mail),
    Route("/phone/totp", totp),
    Route("/phone/api/answer", answer_api, methods=["POST"]),
    Route("/phone/api/{number}", handset_api),
    Route("/_control/reset", reset, methods=["POST"]),
    Route("/_control/report_url", report_url, methods=["POST"]),
    Route("/_control/messages", kept_messages),
    Route("/_control/mail", mail_control, methods=["GET", "POST"]),
    Route("/_control/{system}", control, methods=["POST"]),
]

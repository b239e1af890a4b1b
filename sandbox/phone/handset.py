"""What a handset shows: its calls, prompts and SMS; who may own one; and the e-mails."""

import html
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.pages import WORDS, language, page
from sandbox.phone.calls import call_form
from sandbox.phone.numbers import number_of
from sandbox.state import State

LINK = re.compile(r"""https?://[^\s<>"']*[^\s<>"'.,;:!?)\]]""")


def _linked(text: str) -> str:
    parts, end = [], 0
    for match in LINK.finditer(text):
        address = html.escape(match[0])
        parts.append(f'{html.escape(text[end : match.start()])}<a href="{address}">{address}</a>')
        end = match.end()
    return "".join(parts) + html.escape(text[end:])


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
    parts = [call_form(state, phone, words, language)]
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


async def phone(request: Request) -> Response:
    """The page: choose a number, then its inbox and its prompts."""
    state: State = request.app.state.books
    code = language(request)
    words = WORDS[code]
    number = number_of(request.query_params.get("phone", ""))
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


async def handset_api(request: Request) -> Response:
    """`GET /phone/api/{number}`: what a handset shows."""
    state: State = request.app.state.books
    number = number_of(request.path_params["number"])
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

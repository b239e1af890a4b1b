"""Calling with a handset: us, or being called."""

import html

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sandbox import ari
from sandbox.delivery import told_by
from sandbox.pages import language
from sandbox.state import State


def call_form(state: State, phone: str, words: dict[str, str], language: str) -> str:
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
    body = await told_by(request)
    number = str(body.get("phone", ""))
    done = await use_phone(request, number, str(body.get("action")), str(body.get("digit", "")))
    leg = request.app.state.books.exchange.of(number)
    shown = {"state": leg.state, "shown": leg.shown, "talks_with": leg.talks_with, "said": leg.said} if leg else None
    return JSONResponse({"done": done, "call": shown})

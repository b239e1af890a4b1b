"""A card company in the pattern of Stripe: checkout sessions on its own page, refunds, idempotency keys, signed webhooks."""

import hashlib
import hmac
import html
import secrets
import time
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.delivery import Call, as_json, deliver, shared, trouble
from sandbox.pages import WORDS, language, page
from sandbox.state import State

GOOD, DECLINED = "4242424242424242", "4000000000000002"


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"type": "invalid_request_error", "message": message}}, status)


async def _refused(request: Request) -> Response | None:
    if (wrong := await trouble(request, "card")) is not None:
        return wrong
    if request.headers.get("authorization") != f"Bearer {shared('CARD_SECRET_KEY')}":
        return _error(401, "Invalid API Key provided")
    return None


def _session(row: Any, base: str) -> dict[str, Any]:
    return {
        "id": row["id"], "object": "checkout.session", "amount_total": row["cents"], "currency": row["currency"],
        "client_reference_id": row["reference"], "payment_intent": row["intent"], "status": row["status"],
        "payment_status": "paid" if row["status"] == "complete" else "unpaid",
        "url": f"{base}pay/{row['id']}" if row["status"] == "open" else None,
    }  # fmt: skip


async def create(request: Request) -> Response:
    """`POST /v1/checkout/sessions`: the same `Idempotency-Key` is the same session."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    state: State = request.app.state.books
    form, key = await request.form(), request.headers.get("idempotency-key") or secrets.token_hex(8)
    try:
        cents = int(str(form["line_items[0][price_data][unit_amount]"]))
        currency = str(form["line_items[0][price_data][currency]"])
        name = str(form["line_items[0][price_data][product_data][name]"])
        state.run(
            "INSERT OR IGNORE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', NULL, ?)",
            f"cs_test_{secrets.token_hex(20)}", key, str(form["client_reference_id"]), cents, currency, name,
            str(form["success_url"]), str(form["cancel_url"]), time.time(),
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        return _error(400, f"Missing or wrong: {error}")
    return JSONResponse(
        _session(state.run("SELECT * FROM session WHERE key = ?", key)[0], str(request.url_for("card_home")))
    )


async def show(request: Request) -> Response:
    """`GET /v1/checkout/sessions/{id}`."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    rows = request.app.state.books.run("SELECT * FROM session WHERE id = ?", request.path_params["id"])
    return (
        JSONResponse(_session(rows[0], str(request.url_for("card_home")))) if rows else _error(404, "No such session")
    )


async def expire(request: Request) -> Response:
    """`POST /v1/checkout/sessions/{id}/expire`: only one that is open; from then on its page takes no card."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    state: State = request.app.state.books
    with state.exclusive():
        rows = state.run("SELECT * FROM session WHERE id = ?", request.path_params["id"])
        if not rows:
            return _error(404, "No such session")
        if rows[0]["status"] != "open":
            return _error(400, 'Only Checkout Sessions with a status in ["open"] can be expired')
        state.run("UPDATE session SET status = 'expired' WHERE id = ?", rows[0]["id"])
        rows = state.run("SELECT * FROM session WHERE id = ?", rows[0]["id"])
    return JSONResponse(_session(rows[0], str(request.url_for("card_home"))))


async def refund(request: Request) -> Response:
    """`POST /v1/refunds`: no more than was paid; the same `Idempotency-Key` is the same refund."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    state: State = request.app.state.books
    form, key = await request.form(), request.headers.get("idempotency-key") or secrets.token_hex(8)
    with state.exclusive():
        rows = state.run("SELECT * FROM card_refund WHERE key = ?", key)
        if not rows:
            intent, cents = str(form.get("payment_intent")), int(str(form.get("amount", 0)))
            paid = state.run("SELECT * FROM session WHERE intent = ?", intent)
            back = state.run("SELECT coalesce(sum(cents), 0) FROM card_refund WHERE intent = ?", intent)[0][0]
            if not paid or not 0 < cents <= paid[0]["cents"] - back:
                return _error(400, "Refund amount is greater than unrefunded amount on charge")
            refund_id = f"re_{secrets.token_hex(12)}"
            state.run("INSERT INTO card_refund VALUES (?, ?, ?, ?, 'succeeded')", refund_id, key, intent, cents)
            state.move(
                "card",
                "out",
                refund_id,
                phone="",
                cents=cents,
                currency=paid[0]["currency"].upper(),
                about=key,
                reference=intent,
            )
            rows = state.run("SELECT * FROM card_refund WHERE key = ?", key)
    return JSONResponse(_refund(rows[0]))


def _refund(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "object": "refund",
        "amount": row["cents"],
        "payment_intent": row["intent"],
        "status": row["status"],
    }


async def show_refund(request: Request) -> Response:
    """`GET /v1/refunds/{id}`."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    rows = request.app.state.books.run("SELECT * FROM card_refund WHERE id = ?", request.path_params["id"])
    return JSONResponse(_refund(rows[0])) if rows else _error(404, "No such refund")


def signature(body: bytes, at: int) -> str:
    """`Stripe-Signature` of a webhook."""
    digest = hmac.new(shared("CARD_WEBHOOK_SECRET").encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def pay_session(state: State, session_id: str, base: str, *, number: str) -> tuple[str, Any]:
    """A card typed on the page. Returns what the payer is told, and the webhook to send."""
    digits = "".join(character for character in number if character.isdigit())
    with state.exclusive():
        rows = state.run("SELECT * FROM session WHERE id = ? AND status = 'open'", session_id)
        if not rows:
            return "late", None
        if digits != GOOD:
            return "declined", None
        intent = f"pi_{secrets.token_hex(12)}"
        state.run("UPDATE session SET status = 'complete', intent = ? WHERE id = ?", intent, session_id)
        state.move(
            "card", "in", intent, phone="", cents=rows[0]["cents"], currency=rows[0]["currency"].upper(),
            about=session_id, reference=rows[0]["reference"],
        )  # fmt: skip
    row = state.run("SELECT * FROM session WHERE id = ?", session_id)[0]
    event = {
        "id": f"evt_{secrets.token_hex(12)}", "object": "event", "type": "checkout.session.completed",
        "created": int(time.time()), "data": {"object": _session(row, base)},
    }  # fmt: skip
    body = as_json(event)
    header = {"Stripe-Signature": signature(body, int(time.time()))}
    url = state.address("card.webhook")
    true: Call = (url, body, header)
    if state.take_fault("card", "falsify"):
        body = body.replace(f'"amount_total":{row["cents"]}'.encode(), b'"amount_total":1')
    return intent, deliver(state, "card", [(url, body, header)] if url else [], true)


async def home(request: Request) -> Response:
    """Nothing to see."""
    return HTMLResponse("Card company", 404)


async def hosted(request: Request) -> Response:
    """The page where the card is typed."""
    state: State = request.app.state.books
    words = WORDS[language(request)]
    rows = state.run("SELECT * FROM session WHERE id = ?", request.path_params["id"])
    if not rows:
        return HTMLResponse("Unknown session", 404)
    row, said = rows[0], ""
    if request.method == "POST":
        form = await request.form()
        said, call_back = pay_session(
            state, row["id"], str(request.url_for("card_home")), number=str(form.get("card", ""))
        )
        if call_back is not None:
            return RedirectResponse(row["success_url"], 303, background=BackgroundTask(call_back))
        if said == "late":
            return RedirectResponse(row["success_url"], 303)
    wrong = f'<p role="alert">{words[said]}</p>' if said else ""
    inner = (
        f"<p>{html.escape(row['name'])}</p><p><strong>{row['currency'].upper()} {row['cents'] / 100:,.2f}</strong></p>{wrong}"
        f'<p class="soft">{words["card_hint"].format(good=GOOD, bad=DECLINED)}</p><form method="post">'
        f'<label for="card">{words["card"]}</label><input id="card" name="card" inputmode="numeric" autocomplete="off">'
        f'<button>{words["pay"]}</button></form><p><a href="{html.escape(row["cancel_url"])}">{words["back"]}</a></p>'
    )
    return page(request, words["card_page"], inner)


routes = [
    Route("/", home, name="card_home"),
    Route("/v1/checkout/sessions", create, methods=["POST"]),
    Route("/v1/checkout/sessions/{id}", show),
    Route("/v1/checkout/sessions/{id}/expire", expire, methods=["POST"]),
    Route("/v1/refunds", refund, methods=["POST"]),
    Route("/v1/refunds/{id}", show_refund),
    Route("/pay/{id}", hosted, methods=["GET", "POST"]),
]

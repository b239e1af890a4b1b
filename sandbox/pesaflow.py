"""eCitizen's gateway (Pesaflow): invoice, checkout page, paybill 222222, status, and notices whose hash is base64 of hex text."""

import base64
import hashlib
import hmac
import html
import secrets
import string
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.daraja import PIN, new_receipt
from sandbox.delivery import as_json, deliver, shared, trouble
from sandbox.pages import WORDS, choose, language, page, shillings
from sandbox.state import State

PAYBILL = "222222"
HASHED = (
    "apiClientID",
    "amountExpected",
    "serviceID",
    "clientIDNumber",
    "currency",
    "billRefNumber",
    "billDesc",
    "clientName",
)


def seal(parts: list[str]) -> str:
    """The gateway's hash: HMAC-SHA256, as base64 of the hex text."""
    hexed = hmac.new(shared("PESAFLOW_KEY").encode(), "".join(parts).encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(hexed.encode()).decode()


async def create(request: Request) -> Response:
    """`POST /PaymentAPI/iframev2.1.php`: an invoice for a bill of the caller's; the same reference is the same invoice."""
    if (wrong := await trouble(request, "pesaflow")) is not None:
        return wrong
    form = {name: str(value) for name, value in (await request.form()).items()}
    right = seal([form.get(name, "") for name in HASHED] + [shared("PESAFLOW_SECRET")])
    if not hmac.compare_digest(right, form.get("secureHash", "")):
        return HTMLResponse("<html><body>Invalid secure hash</body></html>", 400)
    state: State = request.app.state.books
    rows = state.run("SELECT * FROM invoice WHERE ref = ?", form["billRefNumber"])
    number = rows[0]["number"] if rows else "".join(secrets.choice(string.ascii_uppercase) for _ in range(8))
    if not rows:
        cents = round(float(form["amountExpected"]) * 100)
        state.run(
            "INSERT INTO invoice VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
            number, form["billRefNumber"], cents, form["currency"], form["billDesc"], form["notificationURL"],
            form["callBackURLOnSuccess"], time.time(),
        )  # fmt: skip
    link = f"/api/invoice/checkout/{number}?callback_url="
    if form.get("format") != "json":
        return RedirectResponse(link, 303)
    return JSONResponse({"invoice_number": number, "checkout_link": link, "amount_expected": form["amountExpected"]})


async def status(request: Request) -> Response:
    """`GET /api/invoice/payment/status`."""
    if (wrong := await trouble(request, "pesaflow")) is not None:
        return wrong
    asked = request.query_params
    if not hmac.compare_digest(
        seal([asked.get("api_client_id", ""), asked.get("ref_no", "")]), asked.get("secure_hash", "")
    ):
        return HTMLResponse("<html><body>Invalid secure hash</body></html>", 400)
    rows = request.app.state.books.run("SELECT * FROM invoice WHERE ref = ?", asked.get("ref_no"))
    if not rows:
        return JSONResponse({"error": "Invoice not found"}, 404)
    row = rows[0]
    return JSONResponse(
        {
            "status": _word(row["paid"], row["cents"]), "client_invoice_ref": row["ref"], "invoice_number": row["number"],
            "amount_paid": _amount(row["paid"]), "amount_expected": f"{row['cents'] / 100:.2f}", "currency": row["currency"],
        }
    )  # fmt: skip


def _word(paid: int, due: int) -> str:
    return "settled" if paid >= due else "partial" if paid else "pending"


def _amount(cents: int) -> str:
    return f"{cents / 100:.2f}".removesuffix(".00")


def pay_invoice(
    state: State, number: str, phone: str, cents: int, pin: str
) -> tuple[str, Callable[[], Awaitable[None]] | None]:
    """Money for an invoice, by the page or by paybill 222222. Returns what the payer is told, and the notice to send."""
    if pin != PIN:
        return "wrongpin", None
    rows = state.run("SELECT * FROM invoice WHERE number = ?", number.strip().upper())
    if not rows or cents <= 0:
        return "refused", None
    if state.balance(phone) * 100 < cents:
        return "lowbalance", None
    receipt, now = new_receipt(), datetime.now(ZoneInfo("Africa/Nairobi"))
    with state.exclusive():
        state.run("UPDATE handset SET balance = balance - ? WHERE phone = ?", cents // 100, phone)
        state.run("UPDATE invoice SET paid = paid + ? WHERE number = ?", cents, rows[0]["number"])
        state.move(
            "pesaflow",
            "in",
            receipt,
            phone=phone,
            cents=cents,
            currency=rows[0]["currency"],
            reference=number,
            about=rows[0]["ref"],
        )
    row = state.run("SELECT * FROM invoice WHERE number = ?", rows[0]["number"])[0]
    stamp = f"{now:%Y-%m-%d %H:%M:%S}+03:00 EAT Africa/Nairobi"
    paid = _amount(row["paid"])
    notice = {
        "status": _word(row["paid"], row["cents"]),
        "secure_hash": seal([row["ref"], row["number"], paid, stamp, shared("PESAFLOW_SECRET")]),
        "phone_number": phone.removeprefix("+"),
        "payment_reference": [
            {
                "payment_reference": one["receipt"], "payment_date": stamp, "inserted_at": stamp,
                "currency": one["currency"], "amount": _amount(one["cents"]),
            }
            for one in state.run("SELECT * FROM movement WHERE system = 'pesaflow' AND about = ? ORDER BY at", row["ref"])
        ],
        "payment_date": stamp, "payment_channel": "MPESA", "last_payment_amount": _amount(cents),
        "invoice_number": row["number"], "invoice_amount": f"{row['cents'] / 100:.2f}", "currency": row["currency"],
        "client_invoice_ref": row["ref"], "amount_paid": paid,
    }  # fmt: skip
    if state.take_fault("pesaflow", "falsify"):
        notice["amount_paid"] = "999999"
    return receipt, deliver(state, "pesaflow", [(row["notify_url"], as_json(notice), {})])


async def checkout(request: Request) -> Response:
    """The gateway's page: pay an invoice from a phone."""
    state: State = request.app.state.books
    words = WORDS[language(request)]
    rows = state.run("SELECT * FROM invoice WHERE number = ?", request.path_params["number"])
    if not rows:
        return HTMLResponse("Unknown invoice", 404)
    row, said, call_back = rows[0], "", None
    if request.method == "POST":
        form = await request.form()
        amount = str(form.get("amount", ""))
        cents = int(amount) * 100 if amount.isdigit() else 0
        said, call_back = pay_invoice(state, row["number"], str(form.get("phone", "")), cents, str(form.get("pin", "")))
        if call_back is not None:
            return RedirectResponse(row["return_url"], 303, background=BackgroundTask(call_back))
    left = max(row["cents"] - row["paid"], 0) // 100
    wrong = f'<p role="alert">{words[said]}</p>' if said else ""
    inner = (
        f"<p>{html.escape(row['description'])}</p><p>{words['invoice']}: <strong>{row['number']}</strong>, {shillings(row['cents'])}</p>"
        f'<p class="soft">{words["paybill_hint"].format(paybill=PAYBILL, number=row["number"])}</p>{wrong}<form method="post">'
        f'{choose(state, words, "phone")}<label for="amount">{words["amount"]}</label>'
        f'<input id="amount" name="amount" inputmode="numeric" value="{left}"><label for="pin">{words["pin"]}</label>'
        f'<input id="pin" name="pin" type="password" inputmode="numeric" autocomplete="off"><button>{words["pay"]}</button></form>'
        f'<p><a href="{html.escape(row["return_url"])}">{words["back"]}</a></p>'
    )
    return page(request, words["checkout"], inner)


routes = [
    Route("/PaymentAPI/iframev2.1.php", create, methods=["POST"]),
    Route("/api/invoice/payment/status", status),
    Route("/api/invoice/checkout/{number}", checkout, methods=["GET", "POST"]),
]

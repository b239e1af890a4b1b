"""Paying with a handset: answering a prompt, and the menu "Pay bill"."""

import html
from collections.abc import Awaitable, Callable

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from sandbox import airtel, daraja, paybill, pesaflow
from sandbox.delivery import told_by, wrong
from sandbox.pages import WORDS, choose, language, page
from sandbox.phone.numbers import number_of
from sandbox.state import State

ACTIONS = ("pay", "decline", "timeout")


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
    phone, amount = number_of(form.get("phone", "")), form.get("amount", "")
    if not amount.isdigit():
        return "refused", None
    if form["paybill"] == pesaflow.PAYBILL:
        return pesaflow.pay_invoice(state, form.get("account", ""), phone, int(amount) * 100, form.get("pin", ""))
    if form["paybill"] != daraja.SHORTCODE:
        return "refused", None
    return await paybill.pay_bill(state, phone, form.get("account", ""), int(amount), form.get("pin", ""))


async def pay_api(request: Request) -> Response:
    """`POST /phone/api/pay` `{"phone", "paybill", "account", "amount", "pin"}`: for tests."""
    form = {name: str(value) for name, value in (await told_by(request)).items()}
    said, call_back = await pay_bill(request.app.state.books, form)
    background = BackgroundTask(call_back) if call_back else None
    return JSONResponse({"said": said}, background=background)


async def answer_api(request: Request) -> Response:
    """`POST /phone/api/answer`: the same for tests and benchmarks."""
    body = await told_by(request)
    if body.get("action") not in ACTIONS or not body.get("checkout_request_id"):
        return wrong(f"checkout_request_id and action are needed; action is one of {', '.join(ACTIONS)}")
    call_back = daraja.answer(
        request.app.state.books, str(body["checkout_request_id"]), body["action"], str(body.get("pin", ""))
    )
    background = BackgroundTask(call_back) if call_back else None
    return JSONResponse({"answered": call_back is not None}, background=background)

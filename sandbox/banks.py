"""Two banks: KCB Buni (signed notices, bill validation) and Equity Jenga (notices with HTTP Basic). A page stands for the branch."""

import base64
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.delivery import Call, as_json, client, deliver, shared
from sandbox.pages import WORDS, language, page
from sandbox.state import State

NAIROBI = ZoneInfo("Africa/Nairobi")


def signature(body: bytes) -> str:
    """KCB's signature: RSA-SHA256 over the exact bytes."""
    text = shared("SANDBOX_KCB_PRIVATE_KEY")
    if "PRIVATE KEY" not in text:
        return ""
    key = load_pem_private_key(text.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return base64.b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()


def _kcb(receipt: str, reference: str, cents: int, name: str, phone: str, *, till: bool) -> dict[str, Any]:
    if till:
        return {
            "header": {"messageID": secrets.token_hex(8), "originatorConversationID": secrets.token_hex(8), "channelCode": "206"},
            "requestPayload": {
                "primaryData": {"businessKey": "7000001", "businessKeyType": "TillNumber"},
                "additionalData": {
                    "notificationData": {
                        "businessKey": reference, "debitMSISDN": phone.removeprefix("+"), "transactionAmt": f"{cents / 100:.2f}",
                        "transactionDate": f"{datetime.now(NAIROBI):%Y%m%d%H%M%S}", "transactionID": receipt, "firstName": name,
                    }
                },
            },
        }  # fmt: skip
    return {
        "transactionReference": receipt, "requestId": secrets.token_hex(8), "channelCode": "202",
        "timestamp": f"{datetime.now(NAIROBI):%Y%m%d%H%M%S}", "transactionAmount": f"{cents / 100:.2f}", "currency": "KES",
        "customerReference": reference, "customerName": name, "customerMobileNumber": phone.removeprefix("+"),
        "balance": "0.00", "narration": f"Deposit {reference}", "creditAccountIdentifier": "1100000001",
        "organizationShortCode": "777777", "tillNumber": "",
    }  # fmt: skip


def _equity(receipt: str, reference: str, cents: int, name: str, phone: str) -> dict[str, Any]:
    amount: object = cents / 100 if random.random() < 0.5 else f"{cents / 100:.2f}"  # a number or text, as it happens
    return {
        "callbackType": "IPN",
        "customer": {"name": name, "mobileNumber": phone.removeprefix("+"), "reference": reference},
        "transaction": {
            "date": f"{datetime.now(NAIROBI):%Y-%m-%d %H:%M:%S}", "reference": receipt, "paymentMode": "TPG", "amount": amount,
            "currency": "KES", "billNumber": reference, "servedBy": "EQ", "additionalInfo": "", "orderAmount": amount,
            "serviceCharge": 0, "orderCurrency": "KES", "status": "SUCCESS", "remarks": "00:Approved",
        },
        "bank": {"reference": receipt, "transactionType": "C", "account": None},
    }  # fmt: skip


async def deposit(
    state: State, bank: str, reference: str, cents: int, *, name: str, phone: str, till: bool = False
) -> tuple[str, Callable[[], Awaitable[None]] | None]:
    """Money brought to a bank. KCB asks first whether the bill is known. Returns the receipt (or why not), and the notice to send."""
    if cents <= 0 or (bank == "kcb" and not await _known_bill(state, reference)):
        return "refused", None
    receipt = f"FT{time.strftime('%y%j')}{secrets.token_hex(4).upper()}"
    state.move(bank, "in", receipt, phone=phone, cents=cents, reference=reference, name=name)
    if bank == "kcb":
        body = as_json(_kcb(receipt, reference, cents, name, phone, till=till))
        headers = {"Signature": signature(body)}
    else:
        body = as_json(_equity(receipt, reference, cents, name, phone))
        pair = f"huduma:{shared('EQUITY_IPN_PASSWORD')}".encode()
        headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    url = state.address(f"{bank}.notice")
    true: Call = (url, body, headers)
    if state.take_fault(bank, "falsify"):
        if bank == "kcb":
            body = body.replace(f"{cents / 100:.2f}".encode(), b"999999.00")
        else:
            headers = {"Authorization": "Basic " + base64.b64encode(b"huduma:guess").decode()}
    return receipt, deliver(state, bank, [(url, body, headers)] if url else [], true)


async def _known_bill(state: State, reference: str) -> bool:
    url = state.address("kcb.notice")
    if not url:
        return True
    question = {"requestId": secrets.token_hex(8), "customerReference": reference, "organizationReference": "777777"}
    try:
        answer = await client().post(f"{url}question/", json=question)
        return str(answer.json()["statusCode"]) == "0"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError):
        return True


async def branch(request: Request) -> Response:
    """A branch of either bank."""
    state: State = request.app.state.books
    words = WORDS[language(request)]
    said, call_back, form = "", None, {}
    if request.method == "POST":
        form = {name: str(value) for name, value in (await request.form()).items()}
        amount = form.get("amount", "")
        bank = "equity" if form.get("bank") == "equity" else "kcb"
        said, call_back = await deposit(
            state, bank, form.get("reference", ""), int(amount) * 100 if amount.isdigit() else 0,
            name=form.get("name", "") or "Mfano", phone=form.get("phone", ""),
        )  # fmt: skip
    notice = words["deposited"].format(receipt=said) if call_back else words.get(said, "")
    inner = (
        f'<p role="status">{notice}</p><form method="post"><label for="bank">{words["bank"]}</label><select id="bank" name="bank">'
        f'<option value="kcb">KCB</option><option value="equity">Equity</option></select><label for="reference">{words["reference"]}</label>'
        f'<input id="reference" name="reference" autocomplete="off"><label for="amount">{words["amount"]}</label>'
        f'<input id="amount" name="amount" inputmode="numeric"><label for="name">{words["depositor"]}</label><input id="name" name="name">'
        f'<label for="phone">{words["number"]}</label><input id="phone" name="phone" inputmode="tel"><button>{words["deposit"]}</button></form>'
    )
    answer = page(request, words["branch"], inner)
    answer.background = BackgroundTask(call_back) if call_back else None
    return answer


async def deposit_api(request: Request) -> Response:
    """`POST /bank/api/deposit` `{"bank", "reference", "cents", "name", "phone", "till"}`: for tests."""
    body = await request.json()
    said, call_back = await deposit(
        request.app.state.books, body["bank"], body["reference"], int(body["cents"]), name=body.get("name", "Mfano"),
        phone=body.get("phone", ""), till=bool(body.get("till")),
    )  # fmt: skip
    background = BackgroundTask(call_back) if call_back else None
    return JSONResponse({"taken": call_back is not None, "receipt": said}, background=background)


routes = [
    Route("/bank/", branch, methods=["GET", "POST"], name="bank"),
    Route("/bank/api/deposit", deposit_api, methods=["POST"]),
]

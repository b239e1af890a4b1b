"""Airtel Money Open API (Kenya): 180-second tokens, signed requests (v2), prompts, enquiry, pay-outs, and callbacks with a hash."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.hazmat.primitives import padding as blocks
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.daraja import PIN
from sandbox.delivery import as_json, deliver, shared, trouble
from sandbox.state import State

_key: list[rsa.RSAPrivateKey] = []
_tokens: dict[str, float] = {}
WORDS = {
    "TS": ("DP00800001001", "Paid"), "TIP": ("DP00800001006", "In process"), "TE": ("DP00800001029", "Expired"),
}  # fmt: skip


def _rsa() -> rsa.RSAPrivateKey:
    if not _key:
        _key.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return _key[0]


def _answer(code: str, message: str, data: dict[str, Any] | None = None, *, success: bool = True) -> JSONResponse:
    status = {"response_code": code, "code": "200", "success": success, "result_code": "ESB000010", "message": message}
    return JSONResponse({"data": data or {}, "status": status})


async def token(request: Request) -> Response:
    """`POST /auth/oauth2/token`."""
    if (wrong := await trouble(request, "airtel")) is not None:
        return wrong
    body = await request.json()
    if body.get("client_secret") != shared("AIRTEL_CLIENT_SECRET"):
        return JSONResponse({"error": "invalid_client"}, 401)
    value = secrets.token_urlsafe(24)
    _tokens[value] = time.time() + 180
    return JSONResponse({"access_token": value, "expires_in": "180", "token_type": "bearer"})


async def _refused(request: Request) -> Response | None:
    if (wrong := await trouble(request, "airtel")) is not None:
        return wrong
    if request.app.state.books.take_fault("airtel", "expired_token"):
        _tokens.clear()
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    if _tokens.get(bearer, 0) < time.time():
        return JSONResponse({"error": "invalid_token"}, 401)
    if (request.headers.get("x-country"), request.headers.get("x-currency")) != ("KE", "KES"):
        return JSONResponse({"error": "invalid_request"}, 400)
    return None


async def keys(request: Request) -> Response:
    """`GET /v1/rsa/encryption-keys`."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    der = _rsa().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _answer("", "", {"key_id": "1", "key": base64.b64encode(der).decode(), "valid_upto": "2036-01-01"})


def _is_signed(request: Request, body: bytes) -> bool:
    try:
        pair = _rsa().decrypt(base64.b64decode(request.headers["x-key"]), padding.PKCS1v15()).decode()
        secret, start = (base64.b64decode(part) for part in pair.split(":"))
        opener = Cipher(algorithms.AES(secret), modes.CBC(start)).decryptor()
        padded = opener.update(base64.b64decode(request.headers["x-signature"])) + opener.finalize()
        remover = blocks.PKCS7(128).unpadder()
        return bytes(remover.update(padded) + remover.finalize()) == body
    except (KeyError, ValueError):
        return False


async def pay(request: Request) -> Response:
    """`POST /merchant/v2/payments/`: the prompt appears; the id is the caller's and unique."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    raw = await request.body()
    if not _is_signed(request, raw):
        return _answer("DP00800001026", "Invalid signature", success=False)
    body = json.loads(raw)
    state: State = request.app.state.books
    asked, phone = body["transaction"], f"+254{body['subscriber']['msisdn']}"
    if state.run("SELECT 1 FROM airtel WHERE id = ?", asked["id"]):
        return _answer("DP00800001017", "Duplicate transaction id", success=False)
    person = state.person_of_phone(phone) or {}
    unreachable = bool(person.get("phone_unreachable"))
    state.run(
        "INSERT INTO airtel VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
        asked["id"], phone, int(asked["amount"]), body["reference"], "TE" if unreachable else "TIP", "", time.time(),
    )  # fmt: skip
    return _answer("DP00800001006", "In process", {"transaction": {"id": asked["id"], "status": "Success."}})


async def enquire(request: Request) -> Response:
    """`GET /standard/v1/payments/{id}`."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    rows = request.app.state.books.run("SELECT * FROM airtel WHERE id = ?", request.path_params["id"])
    if not rows:
        return _answer("DP00800001025", "Transaction not found", success=False)
    row = rows[0]
    code = row["code"] or WORDS.get(row["status"], ("DP00800001008", ""))[0]
    transaction = {"id": row["id"], "status": row["status"], "message": "", "airtel_money_id": row["money_id"] or ""}
    return _answer(code, "", {"transaction": transaction})


def answer(state: State, payment_id: str, action: str, pin: str) -> Callable[[], Awaitable[None]] | None:
    """The payer's answer on the handset. Returns the callback to make, or None when it was answered before."""
    with state.exclusive():
        rows = state.run("SELECT * FROM airtel WHERE id = ? AND status = 'TIP'", payment_id)
        if not rows:
            return None
        row = rows[0]
        status, code, money_id = "TS", "DP00800001001", f"MP{time.strftime('%y%m%d')}.{secrets.token_hex(5).upper()}"
        if action == "timeout":
            status, code = "TE", "DP00800001029"
        elif action != "pay":
            status, code = "TF", "DP00800001008"
        elif pin != PIN:
            status, code = "TF", "DP00800001002"
        elif state.balance(row["phone"]) < row["amount"]:
            status, code = "TF", "DP00800001007"
        if status == "TS":
            state.run("UPDATE handset SET balance = balance - ? WHERE phone = ?", row["amount"], row["phone"])
            state.move(
                "airtel", "in", money_id, phone=row["phone"], cents=row["amount"] * 100, reference=row["reference"], about=row["id"]
            )  # fmt: skip
        state.run(
            "UPDATE airtel SET status = ?, code = ?, money_id = ? WHERE id = ?",
            status, code, money_id if status == "TS" else None, payment_id,
        )  # fmt: skip
    transaction = {"id": payment_id, "message": f"KES {row['amount']}", "status_code": status}
    transaction["airtel_money_id"] = money_id if status == "TS" else ""
    digest = hmac.new(shared("AIRTEL_CLIENT_SECRET").encode(), as_json(transaction), hashlib.sha256).digest()
    if state.take_fault("airtel", "falsify"):
        transaction["status_code"] = "TF" if status == "TS" else "TS"
    body = {"transaction": transaction, "hash": base64.b64encode(digest).decode()}
    url = state.address("airtel.callback")
    return deliver(state, "airtel", [(url, as_json(body), {})] if url else [])


async def disburse(request: Request) -> Response:
    """`POST /standard/v2/disbursements/`: pay-outs; an id is taken once."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    body = json.loads(await request.body())
    state: State = request.app.state.books
    try:
        pin = _rsa().decrypt(base64.b64decode(body["pin"]), padding.PKCS1v15()).decode()
    except ValueError:
        pin = ""
    if pin != shared("AIRTEL_PIN"):
        return _answer("DP00900001002", "Wrong PIN", success=False)
    phone, asked = f"+254{body['payee']['msisdn']}", body["transaction"]
    money_id = f"CI{time.strftime('%y%m%d')}.{secrets.token_hex(5).upper()}"
    with state.exclusive():
        if state.run("SELECT 1 FROM movement WHERE system = 'airtel' AND direction = 'out' AND about = ?", asked["id"]):
            return _answer("DP00900001017", "Duplicate transaction id", success=False)
        state.move(
            "airtel",
            "out",
            money_id,
            phone=phone,
            cents=int(asked["amount"]) * 100,
            about=asked["id"],
            reference="refund",
        )
        state.balance(phone)
        state.run("UPDATE handset SET balance = balance + ? WHERE phone = ?", int(asked["amount"]), phone)
    return _answer(
        "DP00900001001", "Paid", {"transaction": {"id": asked["id"], "status": "TS", "airtel_money_id": money_id}}
    )


async def disbursement(request: Request) -> Response:
    """`GET /standard/v2/disbursements/{id}`."""
    if (wrong := await _refused(request)) is not None:
        return wrong
    rows = request.app.state.books.run(
        "SELECT * FROM movement WHERE system = 'airtel' AND direction = 'out' AND about = ?", request.path_params["id"]
    )
    if not rows:
        return _answer("DP00900001012", "Not found", success=False)
    found = {"id": rows[0]["about"], "status": "TS", "airtel_money_id": rows[0]["receipt"]}
    return _answer("DP00900001001", "Paid", {"transaction": found})


async def answer_api(request: Request) -> Response:
    """`POST /phone/api/airtel`: a payer's answer, for tests."""
    body = await request.json()
    call_back = answer(request.app.state.books, str(body["id"]), str(body["action"]), str(body.get("pin", "")))
    background = BackgroundTask(call_back) if call_back else None
    return JSONResponse({"answered": call_back is not None}, background=background)


routes = [
    Route("/auth/oauth2/token", token, methods=["POST"]),
    Route("/v1/rsa/encryption-keys", keys),
    Route("/merchant/v2/payments/", pay, methods=["POST"]),
    Route("/standard/v1/payments/{id}", enquire),
    Route("/standard/v2/disbursements/", disburse, methods=["POST"]),
    Route("/standard/v2/disbursements/{id}", disbursement),
]

"""KRA's eTIMS (OSCU): token, a device initialised once, sales and their credits, signed, a number that is known already, a page for each."""

import base64
import hashlib
import hmac
import html
import json
import secrets
import time
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.delivery import shared, trouble
from sandbox.state import State

SUMS = ("taxblAmt", "taxRt", "taxAmt")


def _answer(code: str, message: str, data: dict[str, object] | None = None) -> Response:
    stamp = f"{datetime.now(ZoneInfo('Africa/Nairobi')):%Y%m%d%H%M%S}"
    return JSONResponse({"resultCd": code, "resultMsg": message, "resultDt": stamp, "data": data})


async def token(request: Request) -> Response:
    """`GET /v1/token/generate` with HTTP Basic."""
    pair = base64.b64encode(f"{shared('ETIMS_KEY')}:{shared('ETIMS_SECRET')}".encode()).decode()
    if not hmac.compare_digest(request.headers.get("authorization", ""), f"Basic {pair}"):
        return JSONResponse({"error": "unauthorised"}, 401)
    value = secrets.token_urlsafe(24)
    request.app.state.books.run("INSERT INTO token VALUES (?, ?)", value, time.time() + 3600)
    return JSONResponse({"access_token": value, "expires_in": "3599"})


async def _begin(request: Request) -> tuple[dict[str, object], Response | None]:
    if (wrong := await trouble(request, "etims")) is not None:
        return {}, wrong
    state: State = request.app.state.books
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not state.run("SELECT 1 FROM token WHERE value = ? AND expires > ?", bearer, time.time()):
        return {}, JSONResponse({"error": "unauthorised"}, 401)
    if not request.headers.get("tin") or not request.headers.get("bhfId"):
        return {}, _answer("900", "No header information")
    return await request.json(), None


async def initialise(request: Request) -> Response:
    """`POST /initialize`: the key of the device, given once."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    state: State = request.app.state.books
    if state.run("SELECT 1 FROM device WHERE tin = ? AND branch = ?", body["tin"], body["bhfId"]):
        return _answer("902", "This device is installed")
    key = secrets.token_hex(20)
    state.run("INSERT INTO device VALUES (?, ?, ?)", body["tin"], body["bhfId"], key)
    return _answer("000", "Successful", {"info": {"tin": body["tin"], "bhfId": body["bhfId"], "cmcKey": key}})


def _device(request: Request) -> bool:
    head = request.headers
    rows = request.app.state.books.run(
        "SELECT key FROM device WHERE tin = ? AND branch = ?", head["tin"], head["bhfId"]
    )
    return bool(rows) and hmac.compare_digest(rows[0]["key"], head.get("cmcKey", ""))


def _data(row: dict[str, object]) -> dict[str, object]:
    return {
        "rcptNo": row["receipt"],
        "totRcptNo": row["receipt"],
        "intrlData": row["internal"],
        "rcptSign": row["signature"],
        "sdcDateTime": row["at"],
    }


async def sale(request: Request) -> Response:
    """`POST /sendSalesTransaction`: signed once for a number; the same number again is 994."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    if not _device(request):
        return _answer("901", "It is not valid device")
    missing = [
        name
        for name in (
            "invcNo",
            "rcptTyCd",
            "cfmDt",
            "totItemCnt",
            "totAmt",
            "itemList",
            *(s + c for s in SUMS for c in "ABCDE"),
        )
        if name not in body
    ]
    if missing:
        return _answer("910", f"Request parameter error: {missing[0]}")
    state: State = request.app.state.books
    tin, number = request.headers["tin"], int(str(body["invcNo"]))
    if state.run("SELECT 1 FROM tax_invoice WHERE tin = ? AND number = ?", tin, number):
        return _answer("994", "Already registered")
    total = sum(round(float(str(item["totAmt"])) * 100) for item in body["itemList"])  # type: ignore[attr-defined]
    if total != round(float(str(body["totAmt"])) * 100):
        return _answer("910", "Request parameter error: totAmt")
    if body["rcptTyCd"] == "R" and (wrong_credit := _wrong_credit(state, tin, body, total)):
        return _answer("910", f"Request parameter error: {wrong_credit}")
    receipt = int(state.run("SELECT count(*) FROM tax_invoice WHERE tin = ?", tin)[0][0]) + 1
    signature = base64.b32encode(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()[:10]).decode()
    internal, at = base64.b32encode(secrets.token_bytes(16)).decode().rstrip("="), body["cfmDt"]
    state.run(
        "INSERT INTO tax_invoice VALUES (?, ?, ?, ?, ?, ?, ?)",
        tin,
        number,
        receipt,
        signature,
        internal,
        at,
        json.dumps(body),
    )
    row = {"receipt": receipt, "signature": signature, "internal": internal, "at": at}
    return _answer("0000", "Successful", _data(row))


def _wrong_credit(state: State, tin: str, body: dict[str, object], total: int) -> str:
    """What is wrong with a credit: it has no reason, names no sale, or with the others takes back more than was sold."""
    if not body.get("rfdRsnCd"):
        return "rfdRsnCd"
    original = str(body.get("orgInvcNo", 0))
    sent = [json.loads(row["body"]) for row in state.run("SELECT body FROM tax_invoice WHERE tin = ?", tin)]
    sold = sum(_cents(one) for one in sent if str(one["invcNo"]) == original and one["rcptTyCd"] == "S")
    credited = sum(_cents(one) for one in sent if str(one.get("orgInvcNo")) == original and one["rcptTyCd"] == "R")
    return "orgInvcNo" if not sold else "totAmt" if credited + total > sold else ""


def _cents(sent: dict[str, object]) -> int:
    return round(float(str(sent["totAmt"])) * 100)


async def shown(request: Request) -> Response:
    """`GET /common/link/etims/receipt/indexEtimsReceiptData?Data=<PIN><branch><signature>`: an invoice, to whoever holds its QR code."""
    data = request.query_params.get("Data", "")
    rows = request.app.state.books.run(
        "SELECT * FROM tax_invoice WHERE signature <> '' AND ? LIKE tin || '__' || signature", data
    )
    if not rows:
        return HTMLResponse("There is no search result", 404)
    sent = json.loads(rows[0]["body"])
    kind = "Credit note" if sent["rcptTyCd"] == "R" else "Tax invoice"
    lines = "".join(f"<li>{html.escape(one['itemNm'])}: {one['totAmt']}</li>" for one in sent["itemList"])
    return HTMLResponse(
        f"<!doctype html><title>eTIMS (sandbox)</title><h1>{kind} {sent['invcNo']}</h1><p>{rows[0]['tin']}, {sent['cfmDt']}</p>"
        f"<ul>{lines}</ul><p>{sent['totAmt']} ({sent['totTaxAmt']})</p>"
    )


async def known(request: Request) -> Response:
    """`POST /selectSalesTransactions`: a sale by its number."""
    body, wrong = await _begin(request)
    if wrong is not None:
        return wrong
    rows = request.app.state.books.run(
        "SELECT * FROM tax_invoice WHERE tin = ? AND number = ?", request.headers["tin"], int(str(body["invcNo"]))
    )
    return _answer("00", "Successful", _data(dict(rows[0]))) if rows else _answer("001", "There is no search result")


routes = [
    Route("/v1/token/generate", token),
    Route("/initialize", initialise, methods=["POST"]),
    Route("/sendSalesTransaction", sale, methods=["POST"]),
    Route("/selectSalesTransactions", known, methods=["POST"]),
    Route("/common/link/etims/receipt/indexEtimsReceiptData", shown),
]

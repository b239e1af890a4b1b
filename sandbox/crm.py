"""A public body's own CRM: it takes our webhooks, signs in to our API, and tells us what its officers did."""

import base64
import hashlib
import hmac
import json
import secrets
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.delivery import client

#: How far a webhook's time may be from ours.
SECONDS = 300


def signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    """After the Standard Webhooks specification: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return (
        "v1,"
        + base64.b64encode(
            hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        ).decode()
    )


async def enter(request: Request) -> Response:
    """`POST /_control/crm/link` `{"telling", "hearing", "hook"}`: what an officer copies from the desk; with `"status"`, how webhooks are answered."""
    request.app.state.crm = {"heard": [], "status": 200, **await request.json()}
    return JSONResponse({"entered": True})


async def hook(request: Request) -> Response:
    """`POST /crm/hook`: takes a webhook that is signed and in time."""
    link = request.app.state.crm
    body, headers = await request.body(), request.headers
    webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
    expected = signature(link["telling"], webhook_id, timestamp, body)
    if expected not in headers.get("webhook-signature", "").split(" ") or abs(time.time() - int(timestamp)) > SECONDS:
        return Response(status_code=401)
    if link["status"] == 200:
        link["heard"].append({"id": webhook_id, **json.loads(body)})
    return Response(status_code=link["status"])


async def heard(request: Request) -> Response:
    """`GET /_control/crm/heard`: the webhooks that were taken."""
    return JSONResponse(request.app.state.crm["heard"])


async def tell(request: Request) -> Response:
    """`POST /_control/crm/tell` `{"type", "data", "id"?, "age"?}`: sends a signed webhook to the platform; answers with what it heard."""
    link, told = request.app.state.crm, await request.json()
    body = json.dumps({"type": told["type"], "data": told["data"]}).encode()
    webhook_id, timestamp = told.get("id") or f"msg_{secrets.token_hex(12)}", str(int(time.time()) - told.get("age", 0))
    headers = {
        "webhook-id": webhook_id, "webhook-timestamp": timestamp, "Content-Type": "application/json",
        "webhook-signature": signature(link["hearing"], webhook_id, timestamp, body),
    }  # fmt: skip
    answer = await client().post(link["hook"], content=body, headers=headers)
    return JSONResponse({"status": answer.status_code, "id": webhook_id})


routes = [
    Route("/_control/crm/link", enter, methods=["POST"]),
    Route("/_control/crm/heard", heard),
    Route("/_control/crm/tell", tell, methods=["POST"]),
    Route("/crm/hook", hook, methods=["POST"]),
]

"""The codes of an authenticator app."""

import base64
import hashlib
import hmac
import html
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.pages import WORDS, language, page


def totp_code(secret: str, at: float) -> str:
    """The six-digit code of RFC 6238 (SHA-1, 30 s)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, int(at // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


async def totp(request: Request) -> Response:
    """The current codes of the demo staff, in place of an authenticator app."""
    words = WORDS[language(request)]
    secrets_: dict[str, str] = request.app.state.totp
    if request.query_params.get("format") == "json":
        return JSONResponse({label: totp_code(secret, time.time()) for label, secret in secrets_.items()})
    items = "".join(
        f'<li>{html.escape(label)}\n<span class="code">{totp_code(secret, time.time())}</span></li>'
        for label, secret in secrets_.items()
    )
    return page(request, words["codes"], f'<p class="soft">{words["seconds"]}</p><ul class="sms">{items}</ul>')

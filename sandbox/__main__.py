"""`python -m sandbox`: every stand-in on one port, the mail sink and the SFTP server on others."""

import argparse
import asyncio
import email
import email.policy
import json
import os
import sys
import time
from typing import Any

from aiosmtpd.controller import Controller
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route

from sandbox import (
    airtel,
    ari,
    banks,
    card,
    control,
    crm,
    daraja,
    etims,
    inbound,
    paybill,
    pesaflow,
    phone,
    registers,
    sftp,
    sms,
    statements,
    voice,
)
from sandbox.mailbox import Mailbox
from sandbox.state import State


class MailSink:
    """Keeps every e-mail; refuses while the fault `down` of system `mail` is on."""

    def __init__(self, state: State, mailbox: Mailbox, address: str) -> None:
        self.state, self.mailbox, self.address = state, mailbox, address

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        """Take one message."""
        if self.state.take_fault("mail", "down", "error_5xx"):
            return "451 Try again later"
        if self.state.take_fault("mail", "reject"):
            return "550 No such mailbox"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body(("plain", "html"))
        text = body.get_content() if body else ""
        subject = str(message["subject"] or "")
        for recipient in envelope.rcpt_tos:
            if recipient.casefold() == self.address:
                self.mailbox.put(envelope.content)
                continue
            self.state.run(
                "INSERT INTO mail (recipient, subject, text, at) VALUES (?, ?, ?, ?)",
                recipient, subject, text, time.time(),
            )  # fmt: skip
        return "250 Message accepted"


def application(state: State, mailbox: Mailbox, *, totp: dict[str, str], huduma_url: str) -> Starlette:
    """Return the ASGI application over some books."""
    app = Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/phone/")),
            Mount("/daraja", routes=[*daraja.routes, *paybill.routes]),
            Mount("/airtel", routes=airtel.routes),
            Mount("/pesaflow", routes=pesaflow.routes),
            Mount("/card", routes=card.routes),
            Mount("/etims", routes=etims.routes),
            *banks.routes,
            *statements.routes,
            *sms.routes,
            *crm.routes,
            *inbound.routes,
            *registers.routes,
            *ari.routes,
            *voice.routes,
            *phone.routes,
            *control.routes,
        ]
    )
    # Mounted applications share the books through the outermost application's state.
    app.state.mailbox = mailbox
    app.state.books, app.state.totp, app.state.huduma_url, app.state.at_report_url = state, totp, huduma_url, ""
    if huduma_url:
        app.state.at_report_url = os.environ.get("SANDBOX_AT_REPORT_URL", "")  # noqa: TID251 -- a program of its own
    return app


async def serve(server: Server, state: State, mailbox: Mailbox, port: int, sftp_port: int, ready: str) -> None:
    """Serve, and say so once the port answers."""
    await sftp.serve(state, sftp_port)
    imap = await mailbox.start()
    serving = asyncio.create_task(server.serve())
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.close()
        sys.stdout.write(ready)
        sys.stdout.flush()
        break
    await serving
    imap.close()


def main() -> None:
    """Parse the command line and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="sandbox", description="Stand-ins for outside systems")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--smtp-port", type=int, default=8025)
    parser.add_argument("--sftp-port", type=int, help="21 above the port, unless given")
    parser.add_argument("--imap-port", type=int, default=8026)
    parser.add_argument("--address", default="help@huduma.example", help="mail to it goes into the mailbox")
    parser.add_argument("--state", default="var/sandbox.sqlite")
    options = parser.parse_args()
    environment = os.environ  # noqa: TID251 -- a program of its own
    state = State(options.state)
    totp = json.loads(environment.get("SANDBOX_TOTP", "{}"))
    for name, url in json.loads(environment.get("SANDBOX_ADDRESSES", "{}")).items():
        state.run("INSERT OR REPLACE INTO address VALUES (?, ?)", name, url)
    mailbox = Mailbox(state, options.imap_port)
    app = application(state, mailbox, totp=totp, huduma_url=environment.get("HUDUMA_URL", ""))
    smtp = Controller(MailSink(state, mailbox, options.address), hostname="127.0.0.1", port=options.smtp_port)
    smtp.start()
    server = Server(app, address="127.0.0.1", port=options.port, interface=Interfaces.ASGI, log_enabled=False)
    ready = f"sandbox ready on {options.port}, mail on {options.smtp_port}\n"
    try:
        asyncio.run(serve(server, state, mailbox, options.port, options.sftp_port or options.port + 21, ready))
    finally:
        smtp.stop()


if __name__ == "__main__":
    main()

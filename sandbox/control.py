"""How tests and people steer the sandbox: forgetting, faults, addresses, and looking into its books."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.delivery import told_by, wrong
from sandbox.phone.numbers import number_of
from sandbox.state import FAULTS, Fault, State


async def reset(request: Request) -> Response:
    """`POST /_control/reset`: forget messages, payments and faults."""
    request.app.state.mailbox.empty()
    request.app.state.books.reset()
    return JSONResponse({"reset": True})


async def calm(request: Request) -> Response:
    """`POST /_control/calm`: switch all faults off; what they did stays done."""
    request.app.state.books.faults.clear()
    return JSONResponse({"ok": True})


async def report_url(request: Request) -> Response:
    """`POST /_control/report_url`: where Africa's Talking sends delivery reports, as one enters it in its dashboard."""
    body = await told_by(request)
    if not str(body.get("url", "")).startswith(("http://", "https://")):
        return wrong("url is needed")
    request.app.state.at_report_url = body["url"]
    return JSONResponse({"ok": True})


async def addresses(request: Request) -> Response:
    """`POST /_control/addresses` `{name: url}`: what one enters in a gateway's own portal, such as `airtel.callback`."""
    for name, url in (await told_by(request)).items():
        request.app.state.books.run("INSERT OR REPLACE INTO address VALUES (?, ?)", name, str(url))
    return JSONResponse({"ok": True})


async def movements(request: Request) -> Response:
    """`GET /_control/books`: all money that came in or went out, oldest first."""
    rows = request.app.state.books.run("SELECT * FROM movement ORDER BY at, receipt")
    return JSONResponse([dict(row) for row in rows])


async def calling(request: Request) -> Response:
    """`GET /_control/calling`: how many callbacks are on their way, or will be sent again."""
    return JSONResponse({"callbacks": request.app.state.books.calling})


async def kept_messages(request: Request) -> Response:
    """`GET /_control/messages?phone=`: every SMS, or those of one number, oldest first."""
    state: State = request.app.state.books
    number = number_of(request.query_params.get("phone", ""))
    rows = state.run("SELECT * FROM sms WHERE ? IN ('', phone) ORDER BY id", number)
    return JSONResponse([dict(row) for row in rows])


async def mail_control(request: Request) -> Response:
    """`GET /_control/mail`: every e-mail, oldest first; `POST` switches a fault on."""
    if request.method == "POST":
        request.path_params["system"] = "mail"
        return await control(request)
    return JSONResponse([dict(row) for row in request.app.state.books.run("SELECT * FROM mail ORDER BY id")])


async def control(request: Request) -> Response:
    """`POST /_control/{system}`: switch a fault on for the next `times` calls (-1: until reset), each with a `chance`."""
    state: State = request.app.state.books
    system: str = request.path_params["system"]
    if system not in FAULTS:
        return JSONResponse({"error": f"the systems are {', '.join(FAULTS)}"}, 404)
    body = await told_by(request)
    kinds = FAULTS[system].split()
    if body.get("fault") not in kinds:
        return wrong(f"fault is one of {', '.join(kinds)}")
    try:
        fault = Fault(
            body["fault"],
            int(body.get("times", 1)),
            float(body.get("seconds", 0.2)),
            float(body.get("chance", 1)),
        )
    except (TypeError, ValueError):
        return wrong("times, seconds and chance are numbers")
    state.faults.setdefault(system, []).append(fault)
    return JSONResponse({"ok": True})


#: The last of all: its last one takes any name.
routes = [
    Route("/_control/reset", reset, methods=["POST"]),
    Route("/_control/calm", calm, methods=["POST"]),
    Route("/_control/report_url", report_url, methods=["POST"]),
    Route("/_control/addresses", addresses, methods=["POST"]),
    Route("/_control/books", movements),
    Route("/_control/calling", calling),
    Route("/_control/messages", kept_messages),
    Route("/_control/mail", mail_control, methods=["GET", "POST"]),
    Route("/_control/{system}", control, methods=["POST"]),
]

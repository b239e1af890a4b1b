"""What M-Pesa, Pesaflow and the banks state of a day, from the same books that their other halves write: a page to fetch them from.

M-Pesa's organisation statement (CSV), Pesaflow's payment status (JSON), MT940 of one bank, camt.053.001.08 of the others.
"""

import csv
import io
import sqlite3
import time
from datetime import datetime, timedelta
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.daraja import SHORTCODE
from sandbox.pages import WORDS, language, page
from sandbox.state import State

NAIROBI = ZoneInfo("Africa/Nairobi")
ACCOUNTS = {"daraja": SHORTCODE, "kcb": "1100000001", "equity": "0200000001", "bank": "1000000001"}
BICS = {"kcb": "KCBLKENX", "equity": "EQBLKENA", "bank": "CBKEKENX"}
FILES = {"daraja": "csv", "pesaflow": "json", "kcb": "sta", "equity": "xml", "bank": "xml"}
COLUMNS = (
    "Receipt No.", "Completion Time", "Initiation Time", "Details", "Transaction Status", "Paid In", "Withdrawn", "Balance",
    "Balance Confirmed", "Reason Type", "Other Party Info", "Linked Transaction ID", "A/C No.",
)  # fmt: skip


def _signed(row: sqlite3.Row) -> int:
    return int(row["cents"]) if row["direction"] == "in" else -int(row["cents"])


def _day(state: State, system: str, day: datetime) -> tuple[int, list[sqlite3.Row]]:
    """Return what an account held before a day, in cents, and what moved on it."""
    since, until = day.timestamp(), (day + timedelta(days=1)).timestamp()
    before = state.run(
        "SELECT coalesce(sum(CASE direction WHEN 'in' THEN cents ELSE -cents END), 0) FROM movement WHERE system = ? AND at < ?",
        system, since,
    )  # fmt: skip
    rows = state.run(
        "SELECT * FROM movement WHERE system = ? AND at >= ? AND at < ? ORDER BY at, receipt", system, since, until
    )
    return int(before[0][0]), rows


def _when(row: sqlite3.Row, form: str) -> str:
    return datetime.fromtimestamp(row["at"], NAIROBI).strftime(form)


def _amount(cents: int) -> str:
    return f"{abs(cents) // 100}.{abs(cents) % 100:02d}"


def mpesa(state: State, day: datetime) -> bytes:
    """M-Pesa's organisation statement."""
    balance, rows = _day(state, "daraja", day)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([["Account Holder:", "Huduma"], ["Short Code:", SHORTCODE], ["Account:", "Utility Account"]])
    writer.writerows([["Time Period:", f"From {day:%d-%m-%Y} To {day:%d-%m-%Y}"], COLUMNS])
    for row in rows:
        cents = _signed(row)
        balance += cents
        at, masked = _when(row, "%Y-%m-%d %H:%M:%S"), f"{row['phone'].removeprefix('+')[:4]}******{row['phone'][-3:]}"
        details = f"Pay Bill from {masked} Acc. {row['reference']}" if cents > 0 else f"Business Payment to {masked}"
        writer.writerow(
            [
                row["receipt"], at, at, details, "Completed", _amount(cents) if cents > 0 else "",
                f"-{_amount(cents)}" if cents < 0 else "", _amount(balance), "true", "Pay Bill" if cents > 0 else "Business Payment",
                f"{masked} - {row['name'] or 'MFANO'}", "", row["reference"],
            ]
        )  # fmt: skip
    return out.getvalue().encode()


def pesaflow(state: State, day: datetime) -> list[dict[str, object]]:
    """Pesaflow's payment status of every invoice on which money came that day."""
    _, rows = _day(state, "pesaflow", day)
    return [
        {
            "status": "settled", "client_invoice_ref": row["about"], "invoice_number": row["reference"],
            "amount_paid": _amount(row["cents"]), "currency": row["currency"],
            "payment_reference": [
                {
                    "payment_reference": row["receipt"], "payment_date": _when(row, "%Y-%m-%d %H:%M:%S"),
                    "currency": row["currency"], "amount": _amount(row["cents"]),
                }
            ],
        }
        for row in rows
    ]  # fmt: skip


def mt940(state: State, system: str, day: datetime) -> bytes:
    """SWIFT's customer statement."""
    opening, rows = _day(state, system, day)
    closing = opening + sum(map(_signed, rows))
    lines = [
        f":20:{system.upper()}{day:%y%m%d}", f":25:{BICS[system]}/{ACCOUNTS[system]}", f":28C:{day:%j}/1",
        f":60F:{_side(opening)}{day - timedelta(days=1):%y%m%d}KES{_amount(opening).replace('.', ',')}",
    ]  # fmt: skip
    for row in rows:
        cents = _signed(row)
        amount = _amount(cents).replace(".", ",")
        reference = (row["reference"] or "NONREF")[:16]
        lines += [
            f":61:{_when(row, '%y%m%d%m%d')}{_side(cents)}{amount}NTRF{reference}//{row['receipt'][:16]}",
            f":86:{'Deposit' if cents > 0 else 'Payment'} {row['reference']} {row['name']}"[:65],
        ]
    lines += [f":62F:{_side(closing)}{day:%y%m%d}KES{_amount(closing).replace('.', ',')}", "-"]
    return "\r\n".join(lines).encode()


def _side(cents: int) -> str:
    return "C" if cents >= 0 else "D"


def camt053(state: State, system: str, day: datetime) -> bytes:
    """ISO 20022's bank-to-customer statement."""
    opening, rows = _day(state, system, day)
    closing = opening + sum(map(_signed, rows))
    entries = "".join(_entry(row) for row in rows)
    made, name = (
        datetime.now(NAIROBI).isoformat(timespec="seconds"),
        f"{system.upper()}-{day:%Y%m%d}-{int(time.time() * 1000)}",
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{name}</Id><CreDtTm>{made}</CreDtTm>"
        f"<Acct><Id><Othr><Id>{ACCOUNTS[system]}</Id></Othr></Id><Svcr><FinInstnId><BICFI>{BICS[system]}</BICFI></FinInstnId></Svcr></Acct>"
        f"{_balance('OPBD', opening, day)}{_balance('CLBD', closing, day)}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(kind: str, cents: int, day: datetime) -> str:
    side = "CRDT" if cents >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="KES">{_amount(cents)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Dt><Dt>{day:%Y-%m-%d}</Dt></Dt></Bal>"
    )


def _entry(row: sqlite3.Row) -> str:
    cents = _signed(row)
    return (
        f'<Ntry><Amt Ccy="{row["currency"]}">{_amount(cents)}</Amt><CdtDbtInd>{"CRDT" if cents > 0 else "DBIT"}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{_when(row, '%Y-%m-%d')}</Dt></BookgDt><AcctSvcrRef>{row['receipt']}</AcctSvcrRef>"
        "<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Refs>"
        f"<EndToEndId>{escape((row['reference'] or 'NOTPROVIDED')[:35])}</EndToEndId></Refs>"
        f"<RmtInf><Ustrd>{escape((row['name'] or row['reference'] or 'payment')[:140])}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def build(state: State, system: str, day: datetime) -> bytes:
    """Return a system's statement of a day in its own format."""
    if system == "daraja":
        return mpesa(state, day)
    return mt940(state, system, day) if FILES[system] == "sta" else camt053(state, system, day)


def today() -> datetime:
    """Return the beginning of the day in Kenya."""
    return datetime.now(NAIROBI).replace(hour=0, minute=0, second=0, microsecond=0)


async def download(request: Request) -> Response:
    """`GET /statements/{system}?day=2026-11-23`: a statement as a file."""
    system = request.path_params["system"]
    try:
        day = datetime.fromisoformat(request.query_params["day"]).replace(tzinfo=NAIROBI)
    except (KeyError, ValueError):
        day = today()
    if system not in FILES:
        return Response("No such account", 404)
    state: State = request.app.state.books
    if system == "pesaflow":
        answer: Response = JSONResponse(pesaflow(state, day))
    else:
        answer = Response(build(state, system, day), media_type="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{system}-{day:%Y-%m-%d}.{FILES[system]}"'
    return answer


async def overview(request: Request) -> Response:
    """The portals of all of them on one page."""
    words = WORDS[language(request)]
    links = "".join(
        f'<li><a href="/statements/{system}">{system} ({ending})</a></li>' for system, ending in FILES.items()
    )
    return page(request, words["statements"], f"<ul>{links}</ul>")


routes = [
    Route("/statements/", overview, name="statements"),
    Route("/statements/{system}", download),
]

"""Statements as gateways and banks write them. CSV and XML are read as streams: a file of a million lines takes little memory.

`mpesa-csv` follows the organisation statement that the M-Pesa portal exports, `mpesa-pull` the rows of Daraja's Pull
Transactions, `pesaflow` the rows of Pesaflow's payment status, `mt940` SWIFT's customer statement, `camt.053` that of ISO 20022.
A reader refuses a file at the first line that is not as it must be, with the place and the reason.
"""

import contextlib
import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import BinaryIO
from zoneinfo import ZoneInfo

import mt940
from lxml import etree

NAIROBI = ZoneInfo("Africa/Nairobi")
#: JSON and MT940 are read whole, unlike the other formats.
LARGEST_WHOLE = 20_000_000


class Malformed(Exception):
    """A file that does not follow its format; the text says where."""


@dataclass(frozen=True, slots=True)
class Row:
    """One movement. `cents` is positive where money came in."""

    key: str
    at: datetime
    cents: int
    currency: str
    reference: str
    text: str


@dataclass
class Ends:
    """What a statement says of itself: balances before and after, where it has them. Filled while its rows are read."""

    opening_cents: int | None = None
    closing_cents: int | None = None
    currency: str = "KES"
    account: str = ""


Reader = Callable[[BinaryIO, Ends], Iterator[Row]]


def _cents(text: str, where: str) -> int:
    try:
        amount = Decimal(text.replace(",", "").strip() or "0") * 100
    except InvalidOperation:
        raise Malformed(f"{where}: {text!r} is not an amount") from None
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > 10**15:
        raise Malformed(f"{where}: {text!r} is not an amount of shillings and cents")
    return int(amount)


def _in_utc(read: datetime) -> datetime:
    return (read if read.tzinfo else read.replace(tzinfo=NAIROBI)).astimezone(UTC)


def _received(text: str, where: str) -> int:
    cents = _cents(text, where)
    if cents < 0:
        raise Malformed(f"{where}: {text!r} is negative, and this is a list of what was received")
    return cents


def _whole(file: BinaryIO) -> bytes:
    content = file.read(LARGEST_WHOLE + 1)
    if len(content) > LARGEST_WHOLE:
        raise Malformed(f"larger than {LARGEST_WHOLE // 10**6} MB: export fewer days at once")
    return content


def _moment(text: str, where: str, *formats: str) -> datetime:
    for form in ("", *formats):
        with contextlib.suppress(ValueError, OverflowError):  # of the calendar's first and last day
            if not form:
                return _in_utc(datetime.fromisoformat(text.strip()))
            return datetime.strptime(text.strip(), form).replace(tzinfo=NAIROBI).astimezone(UTC)
    raise Malformed(f"{where}: {text!r} is not a date and time")


def _text(file: BinaryIO) -> Iterator[str]:
    reader = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield from reader
    except UnicodeDecodeError:
        raise Malformed("the file is not text in UTF-8") from None
    finally:
        with contextlib.suppress(ValueError):  # the file is closed already
            reader.detach()


def mpesa_csv(file: BinaryIO, ends: Ends) -> Iterator[Row]:
    """Read the organisation statement: a few lines about the account, then one row a movement; only completed ones moved money."""
    rows = csv.reader(_text(file))
    columns: dict[str, int] = {}
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            if not columns:
                if len(row) > 1 and row[0].strip().rstrip(":") == "Short Code":
                    ends.account = row[1].strip()
                if row and row[0].strip() == "Receipt No.":
                    columns = {name.strip(): position for position, name in enumerate(row)}
                    missing = {"Completion Time", "Transaction Status", "Paid In", "Withdrawn"} - set(columns)
                    if missing:
                        raise Malformed(f"line {number}: no column {', '.join(sorted(missing))}")
                    receipt, at, status = (
                        columns[name] for name in ("Receipt No.", "Completion Time", "Transaction Status")
                    )
                    paid, withdrawn, width = columns["Paid In"], columns["Withdrawn"], len(columns)
                    account, details = columns.get("A/C No."), columns.get("Details")
                continue
            if not row:
                continue
            if len(row) != width:
                raise Malformed(f"line {number}: {len(row)} columns instead of {width}")
            if row[status].strip() != "Completed":
                continue
            came, went = _cents(row[paid], f"line {number}"), _cents(row[withdrawn], f"line {number}")
            if came < 0 or (came and went):
                raise Malformed(f"line {number}: paid in {row[paid]!r}, withdrawn {row[withdrawn]!r}")
            if not row[receipt].strip():
                raise Malformed(f"line {number}: no receipt number")
            if came - abs(went):
                # The same receipt stands on a payment's line and on that of its charge.
                charge = ":charge" if details is not None and "charge" in row[details].lower() else ""
                yield Row(
                    row[receipt].strip()[:50] + charge,
                    _moment(row[at], f"line {number}", "%d-%m-%Y %H:%M:%S", "%d/%m/%Y %H:%M"),
                    came - abs(went), "KES", row[account].strip()[:60] if account is not None else "",
                    row[details].strip()[:140] if details is not None else "",
                )  # fmt: skip
    except csv.Error as error:
        raise Malformed(f"line {number}: {error}") from None
    if not columns:
        raise Malformed("no line begins with “Receipt No.”: this is not an M-Pesa organisation statement")


def _json_rows(file: BinaryIO) -> Iterator[tuple[str, dict[str, object]]]:
    try:
        rows = json.loads(_whole(file))
    except (ValueError, RecursionError):
        raise Malformed("the file is not JSON") from None
    rows = rows.get("Response", [rows]) if isinstance(rows, dict) else rows
    if not isinstance(rows, list):
        raise Malformed("the file is not a list of rows")
    rows = [
        row for part in rows for row in (part if isinstance(part, list) else [part])
    ]  # M-Pesa: a list within a list
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise Malformed(f"row {number}: not an object")
        yield f"row {number}", row


def mpesa_pull(file: BinaryIO, ends: Ends) -> Iterator[Row]:
    """Read rows of Pull Transactions."""
    for where, row in _json_rows(file):
        if not row.get("transactionId"):
            raise Malformed(f"{where}: no transactionId")
        yield Row(
            str(row["transactionId"])[:60],
            _moment(str(row.get("trxDate", "")), where),
            _received(str(row.get("amount", "")), where), "KES", str(row.get("billreference") or "")[:60],
            str(row.get("transactiontype") or "")[:140],
        )  # fmt: skip


def pesaflow(file: BinaryIO, ends: Ends) -> Iterator[Row]:
    """Read rows of payment status; one invoice can have several payments, each a movement of its own."""
    for where, row in _json_rows(file):
        payments = row.get("payment_reference")
        if not isinstance(payments, list) or not all(isinstance(one, dict) for one in payments):
            raise Malformed(f"{where}: payment_reference is not a list")
        for one in payments:
            if not one.get("payment_reference"):
                raise Malformed(f"{where}: a payment without a reference")
            yield Row(
                str(one["payment_reference"])[:60],
                _moment(str(one.get("payment_date", ""))[:19], where),
                _received(str(one.get("amount", "")), where), str(one.get("currency") or "KES").upper(),
                str(row.get("client_invoice_ref") or "")[:60], str(row.get("invoice_number") or "")[:140],
            )  # fmt: skip


def mt940_file(file: BinaryIO, ends: Ends) -> Iterator[Row]:
    """Read an MT940 (library mt-940). The bank's reference is the key; where it has none, place and day stand in."""
    try:
        found = mt940.parse(_whole(file).decode("utf-8-sig"))
    except Malformed:
        raise
    except Exception as error:  # the library raises whatever its regular expressions meet
        raise Malformed(f"not an MT940 statement: {error}"[:200]) from None
    opening, closing = found.data.get("final_opening_balance"), found.data.get("final_closing_balance")
    if opening is None or closing is None:
        raise Malformed("not an MT940 statement: no opening (:60F:) or closing balance (:62F:)")
    ends.currency = opening.amount.currency
    ends.account = str(found.data.get("account_identification") or "")
    ends.opening_cents = _cents(str(opening.amount.amount), ":60F:")
    ends.closing_cents = _cents(str(closing.amount.amount), ":62F:")
    for number, one in enumerate(found, 1):
        day = date(one.data["date"].year, one.data["date"].month, one.data["date"].day)
        reference = (one.data.get("customer_reference") or "").strip()
        yield Row(
            ((one.data.get("bank_reference") or "").strip() or f"{found.data.get('statement_number', '')}/{day}/{number}")[:60],
            datetime.combine(day, time(12), NAIROBI).astimezone(UTC),
            _cents(str(one.data["amount"].amount), f":61: {number}"), one.data["amount"].currency or ends.currency,
            "" if reference == "NONREF" else reference[:60], " ".join((one.data.get("transaction_details") or "").split())[:140],
        )  # fmt: skip


def camt053(file: BinaryIO, ends: Ends) -> Iterator[Row]:
    """Read an ISO 20022 bank-to-customer statement, any version of camt.053; only booked entries (`BOOK`) moved money."""
    seen = number = 0
    try:
        events = etree.iterparse(file, events=("end",), resolve_entities=False, no_network=True, huge_tree=False)
        for _, element in events:
            name = etree.QName(element)
            if element.getroottree().docinfo.doctype:
                raise Malformed("the file declares a document type, which no statement needs")
            if name.localname == "Acct" and etree.QName(element.getparent()).localname == "Stmt":
                account = _of(element, "Id/IBAN") or _of(element, "Id/Othr/Id")
                if ends.account not in ("", account):
                    raise Malformed("the file has the statements of several accounts: export each by itself")
                ends.account = account
            elif name.localname == "Bal":
                _balance(element, ends)
            elif name.localname == "Ntry":
                number += 1
                if "camt.053" not in (name.namespace or ""):
                    raise Malformed("the file is not a camt.053 statement")
                row = _entry(element, f"entry {number}")
                if row is not None:
                    yield row
                element.clear()
                while element.getprevious() is not None:  # what was read is let go
                    del element.getparent()[0]
            elif name.localname == "Document":
                seen = 1
                if "camt.053" not in (name.namespace or ""):
                    raise Malformed("the file is not a camt.053 statement")
    except etree.XMLSyntaxError as error:
        raise Malformed(f"not well-formed XML: {error}"[:200]) from None
    if not seen or ends.opening_cents is None or ends.closing_cents is None:
        raise Malformed("no opening (OPBD) or closing balance (CLBD)")


def _of(element: etree._Element, path: str) -> str:
    found = element.find("/".join(f"{{*}}{step}" for step in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def _signed(element: etree._Element, where: str) -> tuple[int, str]:
    amount = element.find("{*}Amt")
    side = _of(element, "CdtDbtInd")
    if amount is None or side not in ("CRDT", "DBIT"):
        raise Malformed(f"{where}: no Amt or CdtDbtInd")
    cents = _cents(amount.text or "", where)
    if cents < 0:
        raise Malformed(f"{where}: {amount.text!r} is negative; CdtDbtInd says which way money went")
    return cents if side == "CRDT" else -cents, amount.get("Ccy", "")


def _balance(element: etree._Element, ends: Ends) -> None:
    kind = _of(element, "Tp/CdOrPrtry/Cd")
    if kind not in ("OPBD", "PRCD", "CLBD"):
        return
    cents, currency = _signed(element, "Bal")
    if ends.opening_cents is not None and currency != ends.currency:
        raise Malformed(f"Bal: balances in {ends.currency} and {currency}")
    ends.currency = currency
    if kind == "CLBD":  # of several days, the last one's
        ends.closing_cents = cents
    elif ends.opening_cents is None:
        ends.opening_cents = cents


def _entry(element: etree._Element, where: str) -> Row | None:
    cents, currency = _signed(element, where)
    status = _of(element, "Sts/Cd") or _of(element, "Sts")
    if status != "BOOK":
        return None
    key = _of(element, "AcctSvcrRef") or _of(element, "NtryDtls/TxDtls/Refs/AcctSvcrRef")
    if not key:
        raise Malformed(f"{where}: no AcctSvcrRef")
    moment, day = _of(element, "BookgDt/DtTm"), _of(element, "BookgDt/Dt")
    try:
        at = _in_utc(datetime.fromisoformat(moment) if moment else datetime.combine(date.fromisoformat(day), time(12)))
    except (ValueError, OverflowError):
        raise Malformed(f"{where}: no booking date") from None
    reference = _of(element, "NtryDtls/TxDtls/Refs/EndToEndId")
    text = _of(element, "NtryDtls/TxDtls/RmtInf/Ustrd") or _of(element, "AddtlNtryInf")
    return Row(
        key[:60], at, cents, currency,
        "" if reference == "NOTPROVIDED" else reference[:60], text[:140],
    )  # fmt: skip


def detect(head: bytes) -> str:
    """Return which format a file begins like, or "" for none."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff \r\n\t")
    if text.startswith("<"):
        return "camt.053"
    if text.startswith(("[", "{")) and not text.startswith("{1:"):
        return "pesaflow" if "payment_reference" in text else "mpesa-pull"
    if text.startswith(("{1:", ":20:")) or "\n:20:" in text:
        return "mt940"
    return "mpesa-csv" if "Receipt No." in text else ""


FORMATS: dict[str, Reader] = {
    "mpesa-csv": mpesa_csv,
    "mpesa-pull": mpesa_pull,
    "pesaflow": pesaflow,
    "mt940": mt940_file,
    "camt.053": camt053,
}

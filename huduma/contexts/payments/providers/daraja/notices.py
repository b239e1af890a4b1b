"""What M-Pesa sends, and answers, read liberally: its own samples disagree about numbers and text, objects and lists, absent keys."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from huduma.contexts.payments.providers.base import Malformed, Notice, Pulled, Result, cents, e164

NAIROBI = ZoneInfo("Africa/Nairobi")
ALREADY_REVERSED = "R000001"
#: Result codes of the STK family → our reasons. Anything unknown is "other".
REASONS = {
    "1": "balance", "2": "limits", "3": "limits", "4": "limits", "8": "limits", "17": "too-soon", "1001": "busy",
    "1019": "expired", "1025": "unreachable", "9999": "unreachable", "1032": "cancelled", "1037": "unreachable",
    "2001": "pin", "2040": "not-registered", "8006": "locked",
}  # fmt: skip


def outcome(code: Any) -> Result:
    """Read a result code, which comes as a number or as text."""
    text = str(code).strip()
    return Result("paid") if text == "0" else Result("failed", REASONS.get(text, "other"))


def prompt_notice(callback: dict[str, Any]) -> Notice:
    """Read the result of a prompt."""
    items = (callback.get("CallbackMetadata") or {}).get("Item", [])
    facts = {item["Name"]: item.get("Value") for item in items}
    told = outcome(callback["ResultCode"])
    receipt = str(facts["MpesaReceiptNumber"])[:60] if facts.get("MpesaReceiptNumber") else None
    amount = cents(facts["Amount"]) if facts.get("Amount") is not None else None
    checkout = str(callback["CheckoutRequestID"])[:80]
    result = Result(told.state, told.reason, amount, receipt, e164(facts.get("PhoneNumber")))
    return Notice(kind="asked", key=checkout, checkout_id=checkout, result=result)


def paybill_notice(content: dict[str, Any]) -> Notice:
    """Read the news of money typed at the paybill."""
    names = " ".join(str(content.get(part) or "") for part in ("FirstName", "MiddleName", "LastName")).split()
    receipt = str(content["TransID"])[:60]
    result = Result("paid", "", cents(content["TransAmount"]), receipt, e164(content.get("MSISDN")), " ".join(names))
    if not receipt or not result.amount_cents:
        raise Malformed("empty")
    return Notice(kind="unasked", key=receipt, result=result, reference=str(content.get("BillRefNumber") or "")[:40])


def _pairs(holder: Any, inner: str) -> dict[str, Any]:
    """Read `{inner: [{Key, Value}]}`, `{inner: {Key, Value}}` and nothing at all."""
    found = (holder or {}).get(inner) or []
    listed = found if isinstance(found, list) else [found]
    return {str(item.get("Key")): item.get("Value") for item in listed}


def result_notice(result: dict[str, Any]) -> Notice:
    """Read a result of the asynchronous family: a balance, the word on a receipt, or the end of a repayment."""
    facts = _pairs(result.get("ResultParameters"), "ResultParameter")
    code, conversation = str(result["ResultCode"]).strip(), str(result.get("ConversationID") or "")[:80]
    originator = str(result.get("OriginatorConversationID") or "")[:80]
    if "AccountBalance" in facts:
        held = _balance_cents(str(facts["AccountBalance"]))
        return Notice(kind="balance", key=conversation, result=Result("paid", "", held))
    receipt = facts.get("ReceiptNo") or facts.get("TransactionReceipt") or result.get("TransactionID")
    amount = facts.get("Amount", facts.get("TransactionAmount"))
    if "TransactionStatus" in facts:
        done = str(facts["TransactionStatus"]).lower() == "completed"
        told = Result(
            "paid" if done and code == "0" else "pending", "", cents(amount) if amount is not None else None,
            str(receipt)[:60] if receipt else None, _phone(str(facts.get("DebitPartyName") or "")),
        )  # fmt: skip
        return Notice(kind="confirmation", key=conversation, result=told)
    if code == ALREADY_REVERSED:  # the number is that of this request; the reversal has another
        receipt = None
    state: Literal["paid", "failed"] = "paid" if code in ("0", ALREADY_REVERSED) else "failed"
    told = Result(
        state, "" if state == "paid" else REASONS.get(code, "other"), None, str(receipt)[:60] if receipt else None
    )
    # A pay-out carries the id that we gave it; a reversal only M-Pesa's own.
    ours = originator if len(originator) == 32 and "-" not in originator else conversation
    return Notice(kind="refund", key=conversation, checkout_id=ours, result=told)


def _phone(party: str) -> str:
    """Return the number in `254700000002 - NAME`, where it is shown."""
    number = e164(party.partition(" - ")[0])
    return number if number.startswith("+") else ""


def _balance_cents(text: str) -> int:
    """Add up `Name|KES|available|current|reserved|uncleared`, joined by `&`: what is available in all accounts."""
    total = 0
    for account in text.split("&"):
        parts = account.split("|")
        if len(parts) < 3:
            raise Malformed("balance")
        total += cents(parts[2])
    return total


def flat(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """The list of transactions comes as a list, and as a list within a list."""
    flat: list[dict[str, Any]] = []
    for row in rows:
        flat += row if isinstance(row, list) else [row]
    return flat


def pulled(line: dict[str, Any]) -> Pulled:
    """Read a line of the list of transactions."""
    at = datetime.fromisoformat(str(line["trxDate"]))
    return Pulled(
        receipt=str(line["transactionId"])[:60], reference=str(line.get("billreference") or "")[:40],
        amount_cents=cents(line["amount"]), at=at if at.tzinfo else at.replace(tzinfo=NAIROBI),
        phone=e164(line.get("msisdn")),
    )  # fmt: skip

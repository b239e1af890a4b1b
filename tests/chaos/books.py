"""Comparing the books: ours, read as bare rows, with those of the gateways."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

SYSTEM_OF = {"mpesa": "daraja", "ecitizen": "pesaflow"}
FINAL = {"succeeded", "applied", "held", "surplus", "failed"}
WORKLIST = {"review"}
UNDER_WAY = {"approved", "sending", "sent"}
#: Of such a refund nothing may have gone back, unless it is owed to us.
ENDED = {"rejected", "closed"}


@dataclass
class Verdict:
    """What was counted, and what is amiss."""

    counts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def compare(connection: psycopg.Connection, theirs: list[dict[str, Any]]) -> Verdict:
    """Compare everything. `theirs`: the movements in the gateways' books."""
    with connection.cursor(row_factory=dict_row) as server:
        server.execute("SET LOCAL statement_timeout = 0")
        payments = server.execute(
            "SELECT id, bill_id, gateway, state, origin, amount_cents, received_cents, checkout_id, receipt FROM payments_payment"
        ).fetchall()
        refunds = server.execute(
            "SELECT r.id, r.payment_id, r.amount_cents, r.state, r.reason, r.trouble, r.asked_by, r.hand_from, r.paid_from, r.provider_id,"
            " p.gateway, p.receipt, p.bill_id, p.state AS payment_state, p.received_cents"
            " FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id"
        ).fetchall()
        bills = server.execute("SELECT id, reference, purpose, state, total_cents FROM payments_bill").fetchall()
        twice = server.execute(
            "SELECT t.refund_id, t.bill_id, t.gateway, t.amount_cents, t.off_transfer_id IS NOT NULL AS is_written_off, b.total_cents"
            " FROM payments_receivable t JOIN payments_bill b ON b.id = t.bill_id"
        ).fetchall()
        accounts = server.execute(
            "SELECT account_id, sum(amount_cents)::bigint AS cents FROM payments_ledgerentry GROUP BY 1"
        ).fetchall()
        unbalanced = server.execute(
            "SELECT transfer_id FROM payments_ledgerentry GROUP BY 1 HAVING sum(amount_cents) <> 0"
        ).fetchall()
        unread = server.execute("SELECT count(*) AS n FROM payments_callback WHERE processed_at IS NULL").fetchone()
        heard = server.execute("SELECT count(*) AS n FROM payments_callback").fetchone()
    verdict = Verdict()
    verdict.counts.append(_counted("payments", payments))
    verdict.counts.append(_counted("refunds", refunds))
    verdict.counts.append(_counted("bills", bills))
    assert unread is not None
    assert heard is not None
    verdict.counts.append(f"callbacks: {heard['n']} kept, {unread['n']} still to be confirmed")
    incoming = [one for one in theirs if one["direction"] == "in"]
    outgoing = [one for one in theirs if one["direction"] == "out"]
    verdict.counts.append(
        f"gateways: {len(incoming)} payments of {_shillings(incoming)}, {len(outgoing)} repayments of {_shillings(outgoing)}"
    )
    verdict.faults += _states(payments, refunds)
    verdict.faults += _same_money(payments, incoming)
    verdict.faults += _paid_back(refunds, Counter(row["refund_id"] for row in twice), outgoing)
    verdict.faults += _charged(bills, payments, refunds, twice)
    verdict.faults += [f"transfer {row['transfer_id']} does not balance" for row in unbalanced]
    verdict.faults += _ledger({row["account_id"]: row["cents"] for row in accounts}, payments, refunds, twice, bills)
    return verdict


def hide_a_payment(url: str) -> None:
    """Take one credited payment out of our books behind everybody's back: a comparison that can fail misses it."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute("SET session_replication_role = replica")
        server.execute(
            "UPDATE payments_payment SET state = 'failed', received_cents = NULL WHERE id ="
            " (SELECT id FROM payments_payment WHERE state = 'succeeded' ORDER BY id LIMIT 1)"
        )


def _counted(what: str, rows: list[dict[str, Any]]) -> str:
    states = Counter(row["state"] for row in rows)
    return f"{what}: {len(rows)} (" + ", ".join(f"{count} {state}" for state, count in sorted(states.items())) + ")"


def _shillings(rows: list[dict[str, Any]]) -> str:
    return f"KSh {sum(row['cents'] for row in rows) / 100:,.2f}"


def _states(payments: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> Iterator[str]:
    for row in payments:
        if row["state"] not in FINAL | WORKLIST:
            yield f"payment {row['id']} ({row['gateway']}) is left {row['state']}"
    for row in refunds:
        if row["state"] in UNDER_WAY:
            yield f"refund {row['id']} ({row['gateway']}) is left {row['state']}"


def _same_money(payments: list[dict[str, Any]], incoming: list[dict[str, Any]]) -> Iterator[str]:
    """Every shilling that a gateway took is credited once, or on the worklist, and nothing else is credited."""
    came: Counter[tuple[str, str]] = Counter()
    name_of: dict[tuple[str, str], tuple[str, str]] = {}
    for one in incoming:
        # eCitizen tells what came for an invoice so far: parts are not told apart. A prompt or a session has one movement.
        name = (one["system"], one["about"] or one["receipt"])
        came[name] += one["cents"]
        name_of[one["system"], one["receipt"]] = name_of[name] = name
    ours: Counter[tuple[str, str]] = Counter()
    waiting = set()
    for row in payments:
        system = SYSTEM_OF.get(row["gateway"], row["gateway"])
        name = next(
            (name_of[system, key] for key in (row["receipt"], row["checkout_id"]) if key and (system, key) in name_of),
            None,
        )
        if name is not None and row["state"] in WORKLIST:
            waiting.add(name)
        if not row["received_cents"]:
            continue
        if name is None:
            yield f"payment {row['id']} is credited, and {system} knows of no such money"
        else:
            ours[name] += row["received_cents"]
    for name, cents in came.items():
        if ours[name] > cents:
            yield f"{name[0]} took {cents} for {name[1]}, and {ours[name]} is credited"
        elif ours[name] < cents and name not in waiting:
            yield f"{name[0]} took {cents} for {name[1]}, and only {ours[name]} is credited"


def _paid_back(
    refunds: list[dict[str, Any]], owed: Counter[Any], outgoing: list[dict[str, Any]]
) -> Iterator[str]:  # fmt: skip
    """Nothing was paid back without a refund of ours, or more than once without being owed to us (`owed`: how often, by refund)."""
    by_name: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(refunds, key=lambda one: one["state"] in ENDED):
        system = SYSTEM_OF.get(row["gateway"], row["gateway"])
        by_name[system, row["id"].hex] = row
        if row["receipt"]:
            by_name.setdefault((system, row["receipt"]), row)  # a reversal names what it reverses
    gone: Counter[Any] = Counter()
    for one in outgoing:
        row = by_name.get((one["system"], one["about"]))
        if row is None:
            yield f"{one['system']} paid {one['cents']} back for {one['about']}, which is no refund of ours"
            continue
        gone[row["id"]] += 1
        if one["cents"] != row["amount_cents"]:
            yield f"refund {row['id']} is {row['amount_cents']}, and {one['cents']} went back"
    for row in refunds:
        if gone[row["id"]] > 1 + owed[row["id"]]:
            yield f"refund {row['id']} was paid out {gone[row['id']]} times"
        if row["state"] == "succeeded" and not gone[row["id"]] and not _by_hand(row):
            yield f"refund {row['id']} is done in our books, and nothing went back"
        if row["state"] in ENDED and gone[row["id"]] and not owed[row["id"]]:
            yield f"refund {row['id']} was {row['state']}, and went back"
        if gone[row["id"]] < owed[row["id"]]:
            yield f"refund {row['id']} is owed to us {owed[row['id']]} times, and went back {gone[row['id']]} times"


def _by_hand(refund: dict[str, Any]) -> bool:
    return bool(refund["hand_from"]) and refund["paid_from"] == refund["hand_from"]


def _charged(
    bills: list[dict[str, Any]], payments: list[dict[str, Any]], refunds: list[dict[str, Any]], twice: list[dict[str, Any]]
) -> Iterator[str]:  # fmt: skip
    """Nobody is charged more than a bill without the rest going back; a bill that is settled is paid.

    What was written off of a bill may come all the same; how much of it came is noted beside it (`recovered`).
    """
    kept: defaultdict[Any, int] = defaultdict(int)
    lost = {row["bill_id"]: row for row in twice if row["is_written_off"]}
    for row in payments:
        kept[row["bill_id"]] += row["received_cents"] or 0
    of_payment: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in refunds:
        of_payment[row["payment_id"]].append(row)
    for found in of_payment.values():
        kept[found[0]["bill_id"]] -= _going_back(found)
    for bill in bills:
        cents, total = kept[bill["id"]], bill["total_cents"]
        if bill["id"] in lost and bill["state"] == "settled":
            row = lost[bill["id"]]
            row["recovered"] = max(0, min(cents, row["amount_cents"]) - total)
            cents -= row["recovered"]
        right = {"settled": cents == total, "cancelled": cents == 0, "open": 0 <= cents < total}[bill["state"]]
        if not right:
            yield f"bill {bill['reference']} of {total} is {bill['state']}, and {cents} is kept for it"


def _going_back(refunds: list[dict[str, Any]]) -> int:
    """Return how much of one payment went back, is under way, or waits on the list of closed refunds to be given back anew."""
    going = sum(row["amount_cents"] for row in refunds if row["state"] not in ENDED)
    if not any(row["state"] == "closed" for row in refunds):
        return going
    if refunds[0]["payment_state"] == "surplus":
        return int(refunds[0]["received_cents"])
    ordered = sum(row["amount_cents"] for row in refunds if row["asked_by"] is None)
    anew = sum(row["amount_cents"] for row in refunds if row["state"] not in ENDED and row["reason"] != "decision")
    return going + max(ordered - anew, 0)


def _ledger(
    accounts: dict[str, int], payments: list[dict[str, Any]], refunds: list[dict[str, Any]], twice: list[dict[str, Any]],
    bills: list[dict[str, Any]],
) -> Iterator[str]:  # fmt: skip
    """The ledger adds up to nothing, and each account to what the payments, refunds and bills say."""
    if total := sum(accounts.values()):
        yield f"the ledger adds up to {total} instead of nothing"
    should: Counter[str] = Counter()
    for row in payments:
        should[f"gateway:{row['gateway']}"] += row["received_cents"] or 0
        should["suspense"] -= row["received_cents"] or 0
    for row in refunds:
        if row["state"] == "succeeded":
            should[f"gateway:{row['paid_from']}"] -= row["amount_cents"]
            should["suspense"] += row["amount_cents"]
    for row in twice:
        should[f"gateway:{row['gateway']}"] -= row["amount_cents"]
        lost = row["amount_cents"] - row["total_cents"] if row["is_written_off"] else 0
        should["write-off"] += lost - row.get("recovered", 0)
        should["suspense"] += row.get("recovered", 0)
        should["receivable:given-twice"] += row["amount_cents"] - lost
    for bill in bills:
        if bill["state"] == "settled":
            should["suspense"] += bill["total_cents"]
            should["receivable:given-twice" if bill["purpose"] == "given-twice" else "body"] -= bill["total_cents"]
    has = Counter(
        {account: cents for account, cents in accounts.items() if not account.startswith("body:")}
        | {"body": sum(cents for account, cents in accounts.items() if account.startswith("body:"))}
    )
    for account in sorted(set(should) | set(has)):
        if should[account] != has[account]:
            yield f"account {account} holds {has[account]}, and should hold {should[account]}"

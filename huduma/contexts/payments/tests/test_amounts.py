"""Not a cent is lost or made, however an amount is split."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from huduma.contexts.payments.rules import (
    bands_on,
    convenience_cents,
    in_order,
    instalments,
    net_amounts,
    share,
    to_shillings,
    waived,
)

CENTS = st.integers(0, 10**12)


@given(amounts=st.lists(CENTS, min_size=1, max_size=12).filter(any), cents=CENTS)
def test_shares_add_up_and_are_fair_to_a_cent(amounts, cents):
    parts = share(amounts, cents)
    assert sum(parts) == cents
    assert all(
        abs(part * sum(amounts) - cents * amount) < sum(amounts) for part, amount in zip(parts, amounts, strict=True)
    )
    if cents <= sum(amounts):
        assert all(0 <= part <= amount for part, amount in zip(parts, amounts, strict=True))


@given(amounts=st.lists(CENTS, max_size=12), first=CENTS, more=CENTS)
def test_what_is_paid_in_order_only_ever_grows(amounts, first, more):
    before, after = in_order(amounts, first), in_order(amounts, first + more)
    assert sum(before) == min(first, sum(amounts))
    assert all(0 <= a <= b <= whole for a, b, whole in zip(before, after, amounts, strict=True))
    assert all(before[n] == amounts[n] or not any(before[n + 1 :]) for n in range(len(amounts)))


@given(data=st.data())
def test_a_waiver_takes_exactly_its_amount_off_what_is_not_paid(data):
    amounts = data.draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=6))
    lines = [{"code": "fee", "amount_cents": amount, "body_code": "CRS"} for amount in amounts]
    paid = data.draw(st.integers(0, sum(amounts)))
    rooms = [amount - done for amount, done in zip(amounts, in_order(amounts, paid), strict=True)]
    cents = data.draw(st.integers(0, sum(rooms)))
    lines += waived(lines, rooms, cents, {"code": "waiver"})
    left = net_amounts(lines)
    assert sum(left) == sum(line["amount_cents"] for line in lines) == sum(amounts) - cents
    # What was paid stays paid: the same money covers the same lines as before.
    assert in_order(left, paid)[: len(amounts)] == in_order(amounts, paid)


@given(cents=st.integers(100, 10**10), count=st.integers(2, 24), every=st.integers(1, 60))
def test_instalments_add_up_and_all_but_the_last_are_whole_shillings(cents, count, every):
    parts = instalments(cents, count, every, date(2026, 11, 25))
    assert sum(amount for _, amount in parts) == cents
    assert all(amount % 100 == 0 for _, amount in parts[:-1])
    assert [day for day, _ in parts] == sorted({day for day, _ in parts})


@given(cents=st.integers(1, 10**9), rate=st.integers(10_000, 10**7))
def test_shillings_for_foreign_money_are_whole_and_nearest(cents, rate):
    shillings = to_shillings(cents, rate)
    assert shillings % 100 == 0
    assert abs(shillings * 10_000 - cents * rate) <= 50 * 10_000


def test_bands_hold_from_day_to_day_and_from_amount_to_amount():
    schedule = [
        {"gateways": ["x"], "from": date(2023, 1, 1), "to": date(2023, 12, 13), "legal_notice": "A",
         "bands": {"KES": [{"from_cents": 1, "cents": 5000}]}},
        {"gateways": ["x"], "from": date(2023, 12, 14), "legal_notice": "B",
         "bands": {"KES": [{"from_cents": 1, "cents": 500}, {"from_cents": 100000, "cents": 5000}]}},
    ]  # fmt: skip
    terms = {"convenience": bands_on(schedule, date(2023, 12, 13), "KES")}
    assert convenience_cents(terms, "x", 20000) == (5000, "A")
    terms = {"convenience": bands_on(schedule, date(2026, 1, 1), "KES")}
    assert convenience_cents(terms, "x", 99999) == (500, "B")
    assert convenience_cents(terms, "x", 100000) == (5000, "B")
    assert convenience_cents(terms, "y", 100000) == (0, "")
    assert bands_on(schedule, date(2026, 1, 1), "USD") == []

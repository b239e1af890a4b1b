"""What a service costs: by a schedule of lines with dates and conditions, the same for the quote and for the bill."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from huduma.contexts.catalogue import public as catalogue

NAME = {"en": "Fee", "sw": "Ada"}


def line(amount=None, **more):
    given_amount = {} if amount is None else {"amount": amount}
    return {"code": "fee", "name": NAME, "legal_notice": "An Act (example)", **given_amount, **more}


def cents(fees, on=date(2026, 7, 1), facts=None, decided=None):
    found = catalogue.fee_lines({"fees": fees}, on=on, facts=facts or {}, decided=decided)
    return [one.amount_cents for one in found]


def test_a_line_counts_from_its_first_day_through_its_last():
    old, new = line(200, to="2026-06-30"), line(300, **{"from": "2026-07-01"})
    assert cents([old, new], on=date(2026, 6, 30)) == [20000]
    assert cents([old, new], on=date(2026, 7, 1)) == [30000]


def test_all_lines_whose_condition_holds_are_billed_and_a_line_of_nothing_is_not():
    late = {"properties": {"late": {"const": True}}, "required": ["late"]}
    fees = [line(100), line(50, when=late), line(0)]
    assert cents(fees, facts={"late": True}) == [10000, 5000]
    assert cents(fees, facts={"late": False}) == [10000]
    assert cents(fees) == [10000]


def test_an_amount_may_come_from_a_table_or_from_an_answer():
    assert cents([line(decided_by="fee_cents")], decided={"fee_cents": 450000}) == [450000]
    assert cents([line(decided_by="fee_cents")], decided={"fee_cents": None}) == []
    assert cents([line(amount_from="fine")], facts={"fine": 2500}) == [250000]


@given(
    turns=st.lists(st.dates(date(2020, 1, 1), date(2032, 1, 1)), min_size=1, max_size=6, unique=True).map(sorted),
    day=st.dates(date(2019, 1, 1), date(2033, 1, 1)),
)
def test_a_schedule_of_successive_lines_bills_exactly_the_one_of_the_day(turns, day):
    fees = [line(1, to=(turns[0] - timedelta(days=1)).isoformat())]
    for number, first in enumerate(turns, 2):
        last = {"to": (turns[number - 1] - timedelta(days=1)).isoformat()} if number <= len(turns) else {}
        fees.append(line(number, **{"from": first.isoformat()}, **last))
    assert cents(fees, on=day) == [100 * (1 + sum(first <= day for first in turns))]

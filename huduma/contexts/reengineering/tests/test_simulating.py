"""The simulator against queueing theory, and against flows whose answer is known."""

import math
import statistics
from datetime import datetime, time, timedelta
from random import Random

import pytest

from huduma.contexts.process import public as process
from huduma.contexts.process.tests.bpmn import END, START, event, message, node, several, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.contexts.reengineering.rules.simulating import CannotSimulate, Question, quantile, simulate
from huduma.foundation.worktime import public as worktime

ALWAYS = worktime.Hours((((time(0), time(23, 59, 59, 999999)),),) * 7)
BEGIN = datetime(2026, 6, 2, 8, tzinfo=worktime.NAIROBI)
HOUR = 3600.0
ONE_STEP = bpmn(START + user("a", "yes") + END, ("start", "a"), ("a", "end"))


def ask(text, arrivals, facts=None, **given):
    definition = process.definition_of(text)
    known = {"teams": {"officer": 1}, "calendar": worktime.Calendar(ALWAYS), **given}
    return Question(
        arrivals=arrivals, begin=lambda number: process.Play(definition, (facts or {}).get(number, {})), **known
    )


def every(seconds, count, begin=BEGIN):
    return [begin + timedelta(seconds=seconds * n) for n in range(count)]


def erlang_c(servers, load):
    """The share of customers who wait in M/M/c (Erlang, 1917)."""
    terms = [load**n / math.factorial(n) for n in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("servers", "use"), [(1, 0.6), (3, 0.75)])
def test_waiting_agrees_with_erlang_c(servers, use):
    service = 600.0
    load = servers * use
    rate, chance = load / service, Random(7)
    waits, waited = [], []
    for seed in range(4):
        moment, arrivals = BEGIN, []
        for _ in range(2500):
            moment += timedelta(seconds=chance.expovariate(rate))
            arrivals.append(moment)
        answer = simulate(ask(ONE_STEP, arrivals, teams={"officer": servers}, new_work=service), seed)
        settled = answer.queued[300:]
        waits.append(statistics.fmean(settled))
        waited.append(sum(wait > 0.001 for wait in settled) / len(settled))
        assert answer.busy["officer"] == pytest.approx(use, rel=0.08)
    theory = erlang_c(servers, load) * service / (servers - load)
    error = statistics.stdev(waits) / math.sqrt(len(waits))
    assert abs(statistics.fmean(waits) - theory) < 3 * error + 0.02 * theory
    assert statistics.fmean(waited) == pytest.approx(erlang_c(servers, load), abs=0.05)


def test_officers_work_in_opening_hours_only():
    friday = datetime(2026, 11, 20, 16, 0, tzinfo=worktime.NAIROBI)
    question = ask(ONE_STEP, [friday], work={"a": [2 * HOUR]}, calendar=worktime.Calendar())
    answer = simulate(question, 1)
    assert answer.queued == [0.0]
    assert answer.elapsed == [(datetime(2026, 11, 23, 9, tzinfo=worktime.NAIROBI) - friday).total_seconds()]


def test_one_officer_takes_cases_in_their_order():
    answer = simulate(ask(ONE_STEP, every(60, 3), work={"a": [600.0]}), 1)
    assert answer.elapsed == [600.0, 1140.0, 1680.0]
    assert answer.queued == [0.0, 540.0, 1080.0]
    assert answer.busy["officer"] == pytest.approx(1.0, abs=0.01)


def test_applicants_take_their_own_time():
    text = bpmn(START + message("paid") + user("a", "yes") + END, ("start", "paid"), ("paid", "a"), ("a", "end"))
    answer = simulate(ask(text, every(10, 1), work={"a": [60.0]}, waits={"paid": [7200.0]}), 1)
    assert answer.elapsed == [7260.0]
    assert answer.queued == [0.0]


def test_outcomes_choose_the_way_and_rework_goes_round():
    text = bpmn(
        START + user("a", "yes", "again") + node("exclusiveGateway", "g", default="g-end") + END,
        ("start", "a"), ("a", "g"), ("g", "a", 'outcome == "again"'), ("g", "end"),
    )  # fmt: skip
    question = ask(text, every(5_000, 400), work={"a": [100.0]}, outcomes={"a": {"yes": 3, "again": 1}})
    rounds = [elapsed / 100 for elapsed in simulate(question, 5).elapsed]
    assert statistics.fmean(rounds) == pytest.approx(4 / 3, rel=0.06)


def test_a_gateway_that_looks_at_other_facts_follows_what_was_measured():
    text = bpmn(
        START + node("exclusiveGateway", "g", default="g-b") + user("a", "x") + user("b", "x") + END,
        ("start", "g"), ("g", "a", "size > 3"), ("g", "b"), ("a", "end"), ("b", "end"), facts="size",
    )  # fmt: skip
    question = ask(text, every(5_000, 400), work={"a": [100.0], "b": [900.0]}, ways={"g-a": 3, "g-b": 1})
    took_a = sum(elapsed == 100.0 for elapsed in simulate(question, 5).elapsed)
    assert took_a == pytest.approx(300, abs=30)


def test_branches_run_side_by_side_and_join():
    text = bpmn(
        START + node("parallelGateway", "split") + user("a", "x") + user("b", "x") + node("parallelGateway", "join")
        + user("c", "x") + END,
        ("start", "split"), ("split", "a"), ("split", "b"), ("a", "join"), ("b", "join"), ("join", "c"), ("c", "end"),
    )  # fmt: skip
    work = {"a": [100.0], "b": [300.0], "c": [50.0]}
    assert simulate(ask(text, every(1, 1), work=work, teams={"officer": 2}), 1).elapsed == [350.0]
    assert simulate(ask(text, every(1, 1), work=work, teams={"officer": 1}), 1).elapsed == [450.0]


def test_a_timer_on_the_border_takes_the_task_away():
    text = bpmn(
        START + user("a", "x") + timer("late", "PT1H", "boundaryEvent", attachedToRef="a") + user("b", "x") + END,
        ("start", "a"), ("a", "end"), ("late", "b"), ("b", "end"),
    )  # fmt: skip
    first, second = simulate(ask(text, every(0, 2), work={"a": [0.75 * HOUR], "b": [60.0]}), 1).elapsed
    assert first == 0.75 * HOUR
    assert second == HOUR + 60


def test_what_may_come_comes_as_often_as_it_did():
    text = bpmn(
        START + user("a", "x") + event("boundaryEvent", "stop", "message", attachedToRef="a") + END,
        ("start", "a"), ("a", "end"), ("stop", "end"),
    )  # fmt: skip
    given = {"work": {"a": [100.0]}, "waits": {"stop": [10.0]}}
    never = simulate(ask(text, every(5_000, 300), **given), 1)
    assert set(never.elapsed) == {100.0}
    some = simulate(ask(text, every(5_000, 300), **given, comes={"stop": 0.25}), 1)
    assert some.elapsed.count(10.0) == pytest.approx(75, abs=20)


def test_each_case_goes_where_its_own_facts_lead():
    text = bpmn(
        START + node("exclusiveGateway", "g", default="g-b") + user("a", "x") + user("b", "x") + END,
        ("start", "g"), ("g", "a", "size > 3"), ("g", "b"), ("a", "end"), ("b", "end"), facts="size",
    )  # fmt: skip
    facts = {number: {"size": number, "secret": "not declared"} for number in range(8)}
    answer = simulate(ask(text, every(5_000, 8), facts, work={"a": [100.0], "b": [900.0]}), 1)
    assert answer.elapsed == [900.0] * 4 + [100.0] * 4
    assert answer.guessed == 0


def test_a_list_is_worked_through_entry_by_entry():
    text = bpmn(
        START + user("a", "x", loop=several(collection="people")) + END, ("start", "a"), ("a", "end"), lists="people"
    )  # fmt: skip
    facts = {0: {"people": ["Asha", "Neema", "Otieno"]}}
    question = ask(text, every(1, 1), facts, work={"a": [100.0]})
    assert simulate(question, 1).elapsed == [300.0]


def test_the_same_wait_at_a_step_of_another_name_takes_as_long():
    text = bpmn(START + message("settled") + END, ("start", "settled"), ("settled", "end"))
    awaits = process.definition_of(text).steps["settled"].awaits
    assert simulate(ask(text, every(1, 1), waits={f"awaits {awaits}": [70.0]}), 1).elapsed == [70.0]


def test_the_promise_stands_still_while_the_applicant_is_awaited():
    text = bpmn(START + message("paid") + user("a", "x") + END, ("start", "paid"), ("paid", "a"), ("a", "end"))
    given = {"work": {"a": [HOUR]}, "waits": {"paid": [72 * HOUR]}, "promise": (2, "hours")}
    assert simulate(ask(text, every(1, 1), **given, mine=frozenset({"paid"})), 1).kept == 1
    assert simulate(ask(text, every(1, 1), **given), 1).kept == 0


def test_the_same_seed_gives_the_same_answer():
    question = ask(ONE_STEP, every(500, 300), new_work=600.0)
    assert simulate(question, 3) == simulate(question, 3)
    assert simulate(question, 3) != simulate(question, 4)


def test_a_process_that_never_ends_is_found_out():
    text = bpmn(
        START + user("a", "x") + node("exclusiveGateway", "g", default="g-a") + END,
        ("start", "a"), ("a", "g"), ("g", "a"), ("g", "end", 'outcome == "never"'),
    )  # fmt: skip
    with pytest.raises(CannotSimulate, match="round"):
        simulate(ask(text, every(1, 1), work={"a": [1.0]}), 1)


def test_quantiles_are_of_the_nearest_rank():
    assert [quantile(range(1, 11), share) for share in (0.1, 0.5, 0.9, 1)] == [1, 5, 9, 10]
    assert quantile([], 0.5) == 0

"""Erlang's formulas against what is published of them, and against a simulation that knows none of them."""

import random

import pytest
import simpy

from huduma.contexts.planning.rules import demand, erlang


@pytest.mark.parametrize(
    ("counters", "load"), [(5, 1.361), (10, 4.461), (20, 12.031), (50, 37.901), (100, 84.064)]
)  # fmt: skip
def test_the_table_of_erlang_b_at_one_percent(counters, load):
    """The 1 % column of the traffic tables that telephone engineers use."""
    assert erlang.blocking(counters, load) == pytest.approx(0.01, abs=1e-5)


def test_the_worked_example_of_erlang_c():
    """360 calls in half an hour of 240 s with 55 agents (Mitan Ltd, The Erlang-C Formula): 23.9 % wait, 84.6 % within 15 s."""
    assert erlang.waiting(55, 48) == pytest.approx(0.239, abs=0.0005)
    assert erlang.within(55, 48, service_seconds=240, seconds=15) == pytest.approx(0.846, abs=0.0005)


def test_the_published_comparison_of_models_with_and_without_patience():
    """50 agents, 48 calls a minute of a minute each, patience two minutes (Gans, Koole, Mandelbaum, MSOM 5, 2003, section 4)."""
    patient = erlang.waiting(50, 48) * 60 / (50 - 48)
    assert patient == pytest.approx(20.8, abs=0.05)
    found = erlang.with_patience(50, arrivals_per_second=0.8, service_seconds=60, patience_seconds=120)
    assert found.leaving == pytest.approx(0.031, abs=0.0005)
    assert found.mean_seconds == pytest.approx(3.7, abs=0.05)
    assert found.busy == pytest.approx(0.93, abs=0.005)


def test_the_example_of_another_implementation_of_erlang_a():
    """100 in 30 minutes of 3 minutes each, patience 5 minutes, 13 positions: documentation of pyworkforce, Erlang A."""
    found = erlang.with_patience(13, arrivals_per_second=100 / 1800, service_seconds=180, patience_seconds=300)
    seen = (found.waiting, found.leaving, found.busy, found.mean_seconds / 60)
    assert seen == pytest.approx((0.226, 0.025, 0.750, 0.125), abs=0.001)


def simulated(counters, *, per_second, service, patience, people=40_000, seed=4):
    """Let people come, wait, lose patience and be served; returns the shares who waited and left, and the mean wait."""
    dice, world = random.Random(seed), simpy.Environment()
    desks, waited, left, total = simpy.Resource(world, counters), 0, 0, 0.0

    def person():
        nonlocal waited, left, total
        came = world.now
        with desks.request() as turn:
            yield turn | world.timeout(dice.expovariate(1 / patience))
            total += world.now - came
            waited += world.now > came
            if not turn.triggered:
                left += 1
                return
            yield world.timeout(dice.expovariate(1 / service))

    def door():
        for _ in range(people):
            yield world.timeout(dice.expovariate(per_second))
            world.process(person())

    world.process(door())
    world.run()
    return waited / people, left / people, total / people


@pytest.mark.parametrize(("counters", "per_hour"), [(3, 16), (4, 30)])  # quiet; more people than can be served
def test_a_simulated_hall_says_the_same(counters, per_hour):
    rate, service, patience = per_hour / 3600, 600, 2700
    found = erlang.with_patience(counters, arrivals_per_second=rate, service_seconds=service, patience_seconds=patience)
    waited, left, mean = simulated(counters, per_second=rate, service=service, patience=patience)
    assert found.waiting == pytest.approx(waited, abs=0.02)
    assert found.leaving == pytest.approx(left, abs=0.01)
    assert found.mean_seconds == pytest.approx(mean, rel=0.06)


def test_endless_patience_is_erlang_c():
    rate, service = 20 / 3600, 600
    found = erlang.with_patience(4, arrivals_per_second=rate, service_seconds=service, patience_seconds=1e9)
    load = rate * service
    assert found.waiting == pytest.approx(erlang.waiting(4, load), abs=1e-4)
    assert found.mean_seconds == pytest.approx(erlang.waiting(4, load) * service / (4 - load), rel=1e-3)


def test_counters_are_as_few_as_keep_the_standard():
    for load in (0.2, 1.0, 3.7, 11.0):
        least = erlang.counters_for(load, service_seconds=600, seconds=900, share=0.8)
        assert erlang.within(least, load, service_seconds=600, seconds=900) >= 0.8
        assert erlang.within(least - 1, load, service_seconds=600, seconds=900) < 0.8
    assert erlang.counters_for(0, service_seconds=600, seconds=900, share=0.8) == 0


def test_an_hour_without_counters_is_one_in_which_everybody_leaves():
    half = demand.look(
        16, demand.Expected(10, 6, 14), service_seconds=600, standard_seconds=900, counters=0
    )  # fmt: skip
    assert (half.wait.leaving, half.within, half.clock, half.short) == (1.0, 0.0, "08:00", half.needed)


def test_thousands_at_once_are_counted_too():
    """Three times what two thousand counters serve: a third stays to be served, and all are busy."""
    found = erlang.with_patience(2000, arrivals_per_second=100, service_seconds=60, patience_seconds=600)
    assert found.busy == pytest.approx(1)
    assert found.leaving == pytest.approx(2 / 3, abs=0.001)

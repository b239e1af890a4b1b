"""What a message means before anybody read it, and who is given what."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huduma.contexts.inbox import rules
from huduma.foundation import references

REFERENCE = "HBRGMQ030KH"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"STATUS {REFERENCE}", ("status", REFERENCE)),
        (f"hali {references.display(REFERENCE)}", ("status", references.display(REFERENCE))),
        (REFERENCE.lower(), ("status", REFERENCE.lower())),
        ("Status", ("status", "")),
        ("HELP", ("help", "")),
        ("Msaada!", ("help", "")),
        ("nipigie", ("call", "")),
        ("Help, my card is lost", ("", "")),
        ("Call me at the office when you can", ("", "")),
        ("Nimelipa lakini sijapata cheti", ("", "")),
        ("", ("", "")),
    ],
)
def test_what_is_a_keyword_and_what_is_a_message(text, meant):
    assert rules.read_command(text) == meant


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Nimelipa lakini sijapata cheti changu bado", "sw"),
        ("I have paid and the certificate is not here", "en"),
        ("STATUS HB7K3M9Q2XC", "en"),
        ("HALI HB7K3M9Q2XC", "sw"),
        ("12345", "sw"),
    ],
)
def test_the_language_of_a_message(text, language):
    assert rules.language_of(text) == language


def test_what_somebody_wrote_without_what_they_quote():
    text = "Thank you, that helps.\n\nAsha\n\nOn Mon, 23 Nov 2026 at 10:00, Huduma wrote:\n> We have your message.\n"
    assert rules.own_words(text) == "Thank you, that helps.\n\nAsha"
    assert rules.own_words("> only a quotation") == "> only a quotation"


def test_references_in_a_text():
    text = f"about {references.display(REFERENCE)}, again {REFERENCE.lower()}; not HB1234567891 nor ABCDEFGHIJK"
    assert rules.references_in(text) == [REFERENCE]


def free(**changes):
    options = {"account_id": uuid4(), "languages": ["en", "sw"], "services": (), "in_hand": 0, "last_given": 0.0}
    return rules.Free(**{**options, **changes})


def test_who_speaks_serves_has_least_and_waited_longest_is_chosen():
    busy, rested, english = free(in_hand=2), free(last_given=5), free(languages=["en"], last_given=1)
    assert rules.choose([busy, rested, english], language="sw", service="") is rested
    assert rules.choose([english], language="sw", service="") is english  # better than nobody
    skilled = free(services={"passport"}, in_hand=3)
    assert rules.choose([skilled, free(services={"birth"})], language="en", service="passport") is skilled
    assert rules.choose([free(in_hand=rules.AT_ONCE)], language="en", service="") is None


@given(st.integers(1, 5), st.integers(0, 30))
def test_nobody_gets_more_than_one_more_than_another(people, conversations):
    there = [free() for _ in range(people)]
    for number in range(conversations):
        chosen = rules.choose(there, language="sw", service="")
        if chosen is None:
            assert all(one.in_hand == rules.AT_ONCE for one in there)
            break
        there[there.index(chosen)] = free(account_id=chosen.account_id, in_hand=chosen.in_hand + 1, last_given=number)
        assert max(one.in_hand for one in there) - min(one.in_hand for one in there) <= 1


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading(text):
    rules.read_command(text)
    rules.own_words(text)
    rules.references_in(text)
    assert rules.language_of(text) in ("en", "sw")

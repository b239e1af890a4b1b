"""Identifiers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huduma.foundation import identifiers

spaces = st.lists(st.sampled_from(["", " ", "  ", "\t", "\u00a0"]), min_size=12, max_size=12)
anything = st.one_of(st.text(max_size=20), st.text("0123456789 AaPpZz-|\u0663\n", max_size=14))
READERS = (identifiers.id_number, identifiers.card_serial, identifiers.kra_pin)


def typed(text: str, gaps: list[str]) -> str:
    return "".join(gap + character for gap, character in zip(gaps, text, strict=False))


@given(st.from_regex(r"\A[0-9]{6,9}\Z"), spaces)
def test_an_id_number_is_kept_with_its_zeros_whatever_the_spaces(number, gaps):
    assert identifiers.id_number(typed(number, gaps)) == number


@given(st.from_regex(r"\A[A-Za-z0-9]{6,12}\Z"), spaces)
def test_a_card_serial_is_the_same_in_small_letters(serial, gaps):
    assert identifiers.card_serial(typed(serial, gaps)) == serial.upper()


@given(st.from_regex(r"\A[APap][0-9]{9}[A-Za-z]\Z"), spaces)
def test_a_kra_pin_is_the_same_in_small_letters(pin, gaps):
    assert identifiers.kra_pin(typed(pin, gaps)) == pin.upper()


@pytest.mark.parametrize("read", READERS)
@given(text=anything)
def test_what_is_accepted_is_tidy_ascii_and_stays_as_it_is(read, text):
    try:
        tidy = read(text)
    except identifiers.InvalidIdentifier:
        return
    assert tidy.isascii()
    assert tidy.isalnum()
    assert read(tidy) == tidy


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (identifiers.id_number, "12345"),
        (identifiers.id_number, "1234567890"),
        (identifiers.id_number, "1234567A"),
        (identifiers.id_number, "\u0661\u0662\u0663\u0664\u0665\u0666\u0667"),  # digits, but not those on the card
        (identifiers.card_serial, "12345"),
        (identifiers.card_serial, "2000-0000-2"),
        (identifiers.kra_pin, "B051365947M"),
        (identifiers.kra_pin, "|051365947M"),
        (identifiers.kra_pin, "P051365947"),
    ],
)
def test_what_is_no_identifier(read, text):
    with pytest.raises(identifiers.InvalidIdentifier):
        read(text)


@pytest.mark.parametrize("pin", ["P051365947M", "A004416331M", "a004-416-331 m"])
def test_pins_that_were_published(pin):
    assert identifiers.kra_pin(pin).endswith("M")

"""Money, phone numbers, references, sockets and refusals."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huduma.foundation import money, phone, references, sockets, translated
from huduma.foundation.access import SYSTEM, Actor, Grant, NotPermitted, Refusal


@pytest.mark.parametrize(
    ("cents", "text"), [(105000, "KSh 1,050.00"), (5, "KSh 0.05"), (-12345, "-KSh 123.45"), (0, "KSh 0.00")]
)
def test_money_as_kenyans_write_it(cents, text):
    assert str(money.Money(cents)) == text


@pytest.mark.parametrize("typed", ["0712345678", "712 345 678", "+254 712 345 678", "254712345678", "(0712) 345-678"])
def test_one_number_however_typed(typed):
    assert phone.parse(typed) == "+254712345678"
    assert phone.display(phone.parse(typed)) == "0712 345 678"


@pytest.mark.parametrize("typed", ["", "hello", "0712", "0799 999 99", "+254 000 000 000"])
def test_what_is_no_number(typed):
    with pytest.raises(phone.InvalidPhone):
        phone.parse(typed)


def listed_prefixes():
    """A number behind every mobile prefix of the list: `25474[0-35689]` stands for eight, `x` for any digit."""
    with (Path(__file__).parent / "phone_prefixes.csv").open() as file:
        shapes = [row["msisdn_prefix"].replace("x", "[0-9]") for row in csv.DictReader(file) if row["type"] == "mobile"]
    return [f"+254{n:03}555555" for n in range(1000) if any(re.fullmatch(shape, f"254{n:03}") for shape in shapes)]


@pytest.mark.parametrize("number", listed_prefixes())
def test_every_allocated_mobile_prefix_is_known(number):
    assert phone.parse_mobile(number) == number


@pytest.mark.parametrize("typed", ["020 690 0020", "0800 221 349", "+44 20 7946 0000"])
def test_a_number_that_gets_no_text_message(typed):
    with pytest.raises(phone.NotMobile):
        phone.parse_mobile(typed)


def test_a_number_abroad_that_may_be_mobile_is_taken():
    assert phone.parse_mobile("+1 202 555 0123") == "+12025550123"


def test_masked_numbers_and_digests_do_not_name_anybody():
    assert phone.mask("+254712345678") == "07•• ••• 678"
    assert "712345" not in phone.digest("+254712345678")


@given(st.integers(0, 10), st.sampled_from(references.ALPHABET))
def test_one_wrong_character_is_always_found(position, character):
    reference = references.mint("HB")
    assert references.normalise(reference) == reference
    damaged = reference[:position] + character + reference[position + 1 :]
    if damaged != reference:
        assert references.normalise(damaged) is None


def test_a_reference_survives_the_way_people_type():
    reference = "HB" + "00110011"
    reference += references._check_character(reference)
    typed = references.display(reference).lower().replace("0", "o").replace("1", "l")
    assert references.normalise(typed) == reference


def test_text_falls_back_to_english():
    assert translated.pick({"en": "Fee", "sw": "Ada"}, "sw") == "Ada"
    assert translated.pick({"en": "Fee"}, "sw") == "Fee"


def test_a_socket_knows_its_plugs():
    registry: sockets.Registry[int] = sockets.Registry("lamp")
    registry.register("a", 1)
    assert registry.get("a") == 1
    with pytest.raises(sockets.Unknown, match="no lamp is called 'b'"):
        registry.get("b")
    with pytest.raises(ValueError, match="registered already"):
        registry.register("a", 2)


def test_roles_hold_within_their_body():
    officer = Actor(kind="person", channel="desk", grants=frozenset({Grant("officer", "CRS")}))
    officer.require_role("officer", body="CRS")
    with pytest.raises(NotPermitted):
        officer.require_role("officer", body="DCI")
    Actor(kind="person", channel="desk", grants=frozenset({Grant("administrator")})).require_role(
        "administrator", body="DCI"
    )
    SYSTEM.require_role("officer", body="CRS")


def test_a_refusal_says_its_docstring():
    class ShopClosed(Refusal):
        """The shop is closed.
        Come back tomorrow."""

    assert ShopClosed().message == "The shop is closed. Come back tomorrow."
    assert str(ShopClosed("Gone for lunch.")) == "Gone for lunch."

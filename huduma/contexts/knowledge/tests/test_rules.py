"""Which figures are seen in a text, and which may be typed."""

import pytest

from huduma.contexts.knowledge import rules

CHARTER = {
    "fee_kes": 200, "fee_note": {"en": "A convenience charge of KES 50 comes on top."}, "turnaround": {"value": 1, "unit": "working_days"},
    "description": {"en": "Registers a birth reported within 6 months.", "sw": "Kuzaliwa kulikoripotiwa ndani ya miezi 6."},
    "sources": ["https://example.org/KES 999"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("It costs KES 1,050.", 1050, "money"),
        ("Ksh.200 only", 200, "money"),
        ("Lipa shilingi 200", 200, "money"),
        ("200/= at the counter", 200, "money"),
        ("Lipa 300 bob", 300, "money"),
        ("takes 3 working days", 3, "working_days"),
        ("ndani ya siku 3 za kazi", 3, "days"),
        ("siku za kazi 3", 3, "working_days"),
        ("a 48-hour wait", 48, "hours"),
        ("saa 48", 48, "hours"),
        ("miezi 6", 6, "months"),
    ],
)
def test_figures_are_seen(text, number, unit):
    assert [(one.number, one.unit) for one in rules.figures_in(text)] == [(number, unit)]


@pytest.mark.parametrize(
    "text", ["Come at 8 am", "Njoo saa 2 asubuhi", "Call 1919", "Cap. 149", "Form 3 and 2 photos", "Kshs"]
)
def test_other_numbers_are_let_be(text):
    assert list(rules.figures_in(text)) == []


def test_what_the_charter_promises_belongs_in_a_field_and_what_it_does_not_say_is_refused():
    found = rules.typed("KES 200, 1 working day, KES 50, within 6 months, KES 300, 5 days, KES 999", [CHARTER])
    assert found.fields == ("KES 200", "1 working day")
    assert found.unknown == ("KES 300", "KES 999", "5 days")


def test_without_a_charter_only_sums_are_refused():
    assert rules.typed("Answer within 4 hours. It is KES 5.", []).unknown == ("KES 5",)


def test_what_is_nearly_a_field_is_found():
    assert rules.misspelt_fields("{fee:birth-cert} {fees:birth-cert} {name} {fee: x}") == [
        "{fees:birth-cert}",
        "{fee: x}",
    ]

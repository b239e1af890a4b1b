"""What can be said of a person without asking anybody. No framework."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

EARLIEST_BIRTH = date(1900, 1, 1)


def birth_date(day: str, month: str, year: str, today: date) -> date | None:
    """Return the birth date that three inputs mean, or None where all are empty.

    Raises ValueError for a day that is none, that is to come, or on which nobody alive was born.
    """
    if not any((day, month, year)):
        return None
    try:
        born = date(int(year), int(month), int(day))
    except OverflowError as problem:
        raise ValueError from problem
    if not EARLIEST_BIRTH <= born <= today:
        raise ValueError
    return born


#: Constitution, art. 260: an adult has attained the age of eighteen years.
ADULT_YEARS = 18


def coming_of_age(born: date) -> date:
    """Return the last day before the birthday on which a person is an adult; who was born on 29 February has it on 1 March."""
    try:
        birthday = born.replace(year=born.year + ADULT_YEARS)
    except ValueError:
        birthday = date(born.year + ADULT_YEARS, 3, 1)
    return birthday - timedelta(days=1)


#: Two records whose names are less alike than this are nobody's duplicates, whatever else they share: a family has one phone.
NAME_AT_LEAST = 0.4
#: From this score a pair is put before a person.
LISTED_AT = 55
#: What speaks for one human being, and against; 30 more for the name, by how alike it is.
WEIGHTS = {"id_number": 50, "phone": 30, "email": 30, "born": 35, "born_swapped": 25, "born_unknown": 25}
AGAINST = {"born_differs": 40, "sex_differs": 30}
NAME_WEIGHT = 30


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What two records have in common. `name`: 0 to 1; `id_number`: one digit differs, or two stand in each other's place."""

    name: float
    phone: bool
    email: bool
    id_number: bool
    born: Literal["born", "born_swapped", "born_unknown", "born_differs"]
    sex_differs: bool


def judge(likeness: Likeness) -> tuple[int, list[str]]:
    """Return how much (0 to 100) speaks for two records being one human being's, and what."""
    facts = {
        "id_number": likeness.id_number, "phone": likeness.phone, "email": likeness.email, likeness.born: True,
        "sex_differs": likeness.sex_differs,
    }  # fmt: skip
    reasons = [name for name, holds in facts.items() if holds]
    if likeness.name < NAME_AT_LEAST:
        return 0, reasons
    total = sum(WEIGHTS.get(reason, 0) - AGAINST.get(reason, 0) for reason in reasons)
    return max(0, min(100, total + round(NAME_WEIGHT * likeness.name))), reasons


def compare_births(
    one: date | None, other: date | None
) -> Literal["born", "born_swapped", "born_unknown", "born_differs"]:
    """Say how two birth dates stand to each other."""
    if one is None or other is None:
        return "born_unknown"
    if one == other:
        return "born"
    return "born_swapped" if swapped_birth(one) == other else "born_differs"


def swapped_birth(born: date) -> date | None:
    """Return the date that comes of taking the day for the month, or None where there is none."""
    return date(born.year, born.day, born.month) if born.day <= 12 else None


def near_numbers(number: str) -> Iterator[str]:
    """Yield every number of the same length in which one digit differs, or two neighbours have changed places."""
    for place, digit in enumerate(number):
        if digit.isdecimal():
            yield from (number[:place] + other + number[place + 1 :] for other in "0123456789" if other != digit)
    for place in range(len(number) - 1):
        if number[place] != number[place + 1]:
            yield number[:place] + number[place + 1] + number[place] + number[place + 2 :]

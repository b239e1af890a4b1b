"""What can be said of a person without asking anybody. No framework."""

from datetime import date, timedelta

EARLIEST_BIRTH = date(1900, 1, 1)


def birth_date(day: str, month: str, year: str, today: date) -> date | None:
    """Return the birth date that three inputs mean, or None where all are empty.

    Raises ValueError for a day that is none, that is to come, or on which nobody alive was born.
    """
    if not any((day, month, year)):
        return None
    born = date(int(year), int(month), int(day))
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

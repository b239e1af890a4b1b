"""What can be said of a person without asking anybody. No framework."""

from datetime import date

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

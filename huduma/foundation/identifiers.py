"""Numbers that other offices give to people: what they look like, in their tidy form.

Whether a number exists, and whose it is, only its register knows. No check digit is published for any of these, so none is
computed here; articles and validators that name one do not agree and cite no authority.
"""

import re

ID_NUMBER = re.compile(r"[0-9]{6,9}")
CARD_SERIAL = re.compile(r"[A-Z0-9]{6,12}")
KRA_PIN = re.compile(r"[AP][0-9]{9}[A-Z]")


class InvalidIdentifier(ValueError):
    """The text is not an identifier of this kind."""


def id_number(text: str) -> str:
    """Return the number of a national identity card, first to third generation: 6 to 9 digits, leading zeros kept.

    7 and 8 digits circulate and 9 are being adopted (examples in docs.prembly.com, docs.didit.me and
    docs.sumsub.com/reference/kenya); who has a number keeps it as Maisha Namba
    (https://nairobilawmonthly.com/what-is-maisha-namba-identity-card). The 14 digits that one guide gives for newborns' numbers
    are confirmed nowhere and not taken.

    Raises InvalidIdentifier.
    """
    return _match(ID_NUMBER, "".join(text.split()))


def card_serial(text: str) -> str:
    """Return the serial number printed on an identity card, which changes with the card: 6 to 12 letters or digits, in capitals.

    A number of its own beside the ID number: https://whownskenya.com/reason-for-expiry-date-on-new-maisha-namba-identity-cards.
    Its exact form is not published, so the limits are wide.

    Raises InvalidIdentifier.
    """
    return _match(CARD_SERIAL, "".join(text.split()).upper())


def kra_pin(text: str) -> str:
    """Return a taxpayer's PIN: A (a person) or P (anybody else), nine digits, a letter; in capitals.

    As python-stdnum has it (`stdnum/ke/pin.py`, citing kra.go.ke); the last letter looks like a check character, but its rule is
    not published.

    Raises InvalidIdentifier.
    """
    return _match(KRA_PIN, "".join(text.split()).replace("-", "").upper())


def _match(shape: re.Pattern[str], text: str) -> str:
    if not shape.fullmatch(text):
        raise InvalidIdentifier
    return text

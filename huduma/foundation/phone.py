"""Phone numbers: E.164 inside (`+254712345678`), national format on screen (`0712 345 678`)."""

import hashlib

import phonenumbers

REGION = "KE"
MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


class InvalidPhone(ValueError):
    """The text is not a telephone number that can exist."""


class NotMobile(InvalidPhone):
    """The number exists, but no text message reaches it."""


def parse(text: str) -> str:
    """Return the E.164 form of a number typed by a person, in Kenyan or international form.

    Raises InvalidPhone when no such number can exist (numbering plan of ITU-T E.164 as carried by libphonenumber).
    """
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone from error
    if not phonenumbers.is_valid_number(number):
        raise InvalidPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_mobile(text: str) -> str:
    """Return the E.164 form of a number that can get a text message.

    Raises NotMobile for landlines, toll-free and premium numbers, InvalidPhone for what is no number at all. Where a country
    does not keep the two apart (North America), the number is taken.
    """
    e164 = parse(text)
    if phonenumbers.number_type(phonenumbers.parse(e164)) not in MOBILE:
        raise NotMobile
    return e164


def display(e164: str) -> str:
    """Return the number as people write it: national format for Kenya, international otherwise."""
    try:
        number = phonenumbers.parse(e164, REGION)
    except phonenumbers.NumberParseException:
        return e164
    if number.country_code == phonenumbers.country_code_for_region(REGION):
        national = str(number.national_number)
        return f"0{national[:3]} {national[3:6]} {national[6:]}".strip()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def mask(e164: str) -> str:
    """Return the number with its middle hidden, for screens where somebody else may look."""
    digits = display(e164).replace(" ", "")
    return f"{digits[:2]}•• ••• {digits[-3:]}"


def digest(e164: str) -> str:
    """Return a short stable digest, so that a log can tell two numbers apart without naming either."""
    return hashlib.sha256(e164.encode()).hexdigest()[:12]

"""E-mail addresses, as people type them."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

#: What a server has to take (RFC 5321, 4.5.3.1.3, less the brackets), and what our tables hold.
LONGEST = 254


class InvalidAddress(ValueError):
    """The text is no e-mail address, or one that no server takes."""


def parse(text: str) -> str:
    """Return an address that somebody typed, without the spaces around it. Raises InvalidAddress."""
    address = text.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidAddress from error
    if len(address) > LONGEST:
        raise InvalidAddress
    return address

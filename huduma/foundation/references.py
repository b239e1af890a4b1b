"""References that people read aloud, type and copy: two letters, eight characters, one check character.

The alphabet is Crockford's base 32 (no I, L, O, U). The check character is ISO/IEC 7064 MOD 37,36 computed over the
whole reference, which finds every single wrong character and nearly every swap of neighbours.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LENGTH = 11
MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})


def _check_character(body: str) -> str:
    remainder = 36
    for character in body:
        remainder = (remainder + CHECK_ALPHABET.index(character)) % 36 or 36
        remainder = remainder * 2 % 37
    return CHECK_ALPHABET[(37 - remainder) % 36]


def mint(prefix: str) -> str:
    """Return a new random reference with this two-letter prefix (10^12 values for each prefix)."""
    if len(prefix) != 2 or not prefix.isalpha() or not prefix.isupper():
        raise ValueError("a prefix is two capital letters")
    while True:
        body = prefix + "".join(secrets.choice(ALPHABET) for _ in range(8))
        check = _check_character(body)
        if check in ALPHABET:  # a check character that people misread (I, L, O, U) is not handed out
            return body + check


def normalise(text: str) -> str | None:
    """Return the reference meant by what a person typed, or None when the check character does not agree."""
    compact = "".join(character for character in text.upper() if character.isalnum())
    if len(compact) != LENGTH or not compact.isascii():
        return None
    compact = compact[:2] + compact[2:].translate(MISREAD)
    if not compact[:2].isalpha() or any(character not in ALPHABET for character in compact[2:]):
        return None
    return compact if _check_character(compact[:-1]) == compact[-1] else None


def display(reference: str) -> str:
    """Return the reference in groups: `HB 7K3M 9Q2X C`."""
    return f"{reference[:2]} {reference[2:6]} {reference[6:10]} {reference[10:]}".strip()

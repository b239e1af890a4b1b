"""Text from outside, as a database of Unicode text can keep it."""


def storable(text: str) -> str:
    """Return a text without NUL, and with U+FFFD for what is half a character: PostgreSQL keeps neither.

    Half characters (lone surrogates) come from JSON, and from bytes in headers of mail that are of no character set.
    """
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")

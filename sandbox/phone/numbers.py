"""How people write telephone numbers."""


def number_of(text: str) -> str:
    """Return a number in E.164, or the extension of an agent; empty where there is none."""
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) <= 6:
        return digits  # the extension of an agent
    return f"+254{digits[1:]}" if digits.startswith("0") else f"+{digits}" if digits else ""

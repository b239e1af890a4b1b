"""Text that citizens read, in every language of the platform: `{"en": …, "sw": …}`."""

from collections.abc import Mapping

from django.utils.translation import get_language

Translated = Mapping[str, str]


def pick(text: Translated | str, language: str | None = None) -> str:
    """Return the text in a language (default: the active one), or in English where it is missing."""
    if not isinstance(text, Mapping):
        return str(text)
    return text.get(language or get_language() or "en") or text.get("en", "")

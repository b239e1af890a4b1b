"""What an answer by SMS means, and what a handful of answers can be said to show."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

#: From 1 to 5; the words beside them are those of the page.
MARKS: dict[int, Mapping[str, str]] = {
    1: {"en": "Very bad", "sw": "Vibaya sana"},
    2: {"en": "Bad", "sw": "Vibaya"},
    3: {"en": "So-so", "sw": "Wastani"},
    4: {"en": "Good", "sw": "Vizuri"},
    5: {"en": "Very good", "sw": "Vizuri sana"},
}
LOW, SATISFIED = 2, 4
#: Nobody is asked twice within this time, whatever they came for.
REST = timedelta(days=7)
#: A question can be answered for so long; then the number or address by which it went out is forgotten.
OPEN_FOR = timedelta(days=14)
#: Answers are shown so many at a time: fewer say little, and may say who said it.
LEAST = 10
#: The 97.5 % quantile of the normal distribution: an interval of 95 %.
Z = 1.959964

REPLY = re.compile(r"^\s*([1-5])(?!\d)[\s.,:;/-]*(.*)$", re.S)


def read_reply(text: str) -> tuple[int, str] | None:
    """Return the mark and the word of an SMS that begins with a digit from 1 to 5, or None for any other message."""
    match = REPLY.match(text)
    return (int(match[1]), match[2].strip()[:1000]) if match else None


@dataclass(frozen=True)
class Share:
    """A share of answers and where the true one lies, with a confidence of 95 %, were everybody asked (Wilson, 1927)."""

    part: float
    low: float
    high: float


def share_of(count: int, total: int) -> Share:
    """Return the share of `count` among `total` answers, with its interval."""
    part = count / total
    middle = part + Z**2 / (2 * total)
    spread = Z * math.sqrt(part * (1 - part) / total + Z**2 / (4 * total**2))
    scale = 1 + Z**2 / total
    return Share(part, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))

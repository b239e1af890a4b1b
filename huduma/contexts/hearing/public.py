"""The front door of hearing."""

from huduma.contexts.hearing.operations import AnsweredBefore, MarkNeeded, Over, Served, answer, ask
from huduma.contexts.hearing.queries import GROUPINGS, By, Heard, get_question, list_heard_for, list_words_for, token_of
from huduma.contexts.hearing.rules import LEAST, MARKS

__all__ = [
    "GROUPINGS", "LEAST", "MARKS", "AnsweredBefore", "By", "Heard", "MarkNeeded", "Over", "Served", "answer", "ask", "get_question",
    "list_heard_for", "list_words_for", "token_of",
]  # fmt: skip

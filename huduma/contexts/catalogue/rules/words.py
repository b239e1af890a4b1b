"""Search words, without any framework."""

import re
import unicodedata

#: Words that say nothing about which service is meant.
STOP_WORDS = frozenset(
    "a an and apply at by for from get how i in is my need new of on or the to want what where with "
    "cha chako changu jinsi kwa la na nataka ninataka ombi pata pa vya wa wapi ya yangu za kupata kuomba nini".split()
)
WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """Return the meaningful words of a text: lower case, without accents, in order, without stop words."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace("'", "")
    return [word for word in WORD.findall(folded) if word not in STOP_WORDS][:12]


def stem(word: str) -> str:
    """Return an English word without its plural ending; Kiswahili words pass unchanged by their shape."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word

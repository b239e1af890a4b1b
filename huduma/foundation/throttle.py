"""How often something may be tried. Counts are kept in the cache, which all processes share.

Two tries at the same instant may count as one: a limit here makes guessing slow, and is not the lock on anything.
"""

import time

from django.core.cache import cache


def allow(key: str, *, limit: int, seconds: int) -> bool:
    """Count one try of `key`, and return whether it is within `limit` tries in a window of `seconds`."""
    name = f"throttle:{key}:{int(time.time()) // seconds}"
    tries = cache.get(name, 0) + 1
    cache.set(name, tries, timeout=seconds)
    return bool(tries <= limit)


def seconds_left(seconds: int) -> int:
    """Return in how many seconds the window of `allow` ends that is open now: when trying again may help."""
    return seconds - int(time.time()) % seconds


def allow_from(address: str, key: str, *, limit: int, in_all: int, seconds: int) -> bool:
    """Count one try of `key` from a network address: within `limit` from there, and `in_all` from everywhere.

    A stranger's tries elsewhere shut nobody out, for each address adds no more than its own `limit` to the count of all.
    """
    return allow(f"{key}:{address}", limit=limit, seconds=seconds) and allow(key, limit=in_all, seconds=seconds)

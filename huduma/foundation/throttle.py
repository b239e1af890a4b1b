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

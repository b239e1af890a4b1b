"""Public pages: requests a second in this process, queries, and what comes over the wire, on a first visit and later.

The other pages, over HTTP and by the size of the database, are in topic `sizes`.
"""

import gzip
import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.rates import median_rate

FIRST_PAGE_KB, LATER_PAGE_KB = 30, 12
LINKED = re.compile(r'<(?:link rel="stylesheet" href|script src)="([^"]+)"')


def measure(url: str) -> None:
    """Forty requests at a time; bodies lists most, so its page is the heaviest."""
    client = Client(headers={"accept-encoding": "br, gzip"})
    for page in ("/en/", "/en/search/?q=passport", "/sw/services/birth-cert-current/", "/sw/bodies/", "/en/sign-in/"):
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(page)
        queries = len(captured)  # read now: the next request empties the log
        html = len(answer.content)
        linked = LINKED.findall(gzip.decompress(answer.content).decode())
        first = html + sum(len(client.get(address).getvalue()) for address in linked)
        rate = median_rate(lambda page=page: client.get(page), 40)
        print(
            f"page {page:<34} {rate:6.0f}/s in process   {queries} queries   first visit {first / 1000:4.1f} KB of"
            f" {FIRST_PAGE_KB}, later {html / 1000:4.1f} KB of {LATER_PAGE_KB}"
        )

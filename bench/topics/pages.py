"""Public pages, requested in this process: rate, queries and size."""

import gzip

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.rates import median_rate


def measure(url: str) -> None:
    """Forty requests at a time, each page beside its number of queries and its size."""
    client = Client()
    for page in ("/en/", "/en/search/?q=passport", "/sw/services/birth-cert-current/"):
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(page)
        queries = len(captured)  # read now: the next request empties the log
        size = len(gzip.compress(answer.content))
        rate = median_rate(lambda page=page: client.get(page), 40)
        print(f"page {page:<34} {rate:6.0f}/s in process   {queries} queries   {size / 1000:.1f} KB gzip")

"""Browsers in numbers, in a process of their own: each keeps one connection, sends one request and waits for its answer.

`drive` starts that process; `python -m bench.load` is it, told what to do by a pickle on its standard input.
"""

import http.client
import pickle
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True)
class Request:
    """One request: read a page, send a form, or call with a JSON `body` as another system does.

    `expect` is the status of its answer; any other one fails the measurement."""

    path: str
    cookies: str = ""
    form: dict[str, str] | None = None
    expect: int = 200
    body: bytes = b""
    authorization: str = ""

    def send(self, connection: http.client.HTTPConnection) -> tuple[http.client.HTTPResponse, bytes]:
        """Send it and return the answer, read to its end."""
        headers = {"Cookie": self.cookies, "Accept-Encoding": "br, gzip", "Accept-Language": "en"}
        if self.body:
            headers |= {"Content-Type": "application/json", "Authorization": self.authorization}
            connection.request("POST", self.path, self.body, headers)
        elif self.form is None:
            connection.request("GET", self.path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", self.path, urlencode(self.form), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != self.expect:
            raise RuntimeError(f"{self.path} answered {answer.status} instead of {self.expect}: {body[:300]!r}")
        return answer, body


@dataclass(frozen=True)
class Figures:
    """What came of it: requests a second over all clients; milliseconds that half, and 99 of 100, took at most."""

    rate: float
    p50: float
    p99: float


@dataclass
class _Order:
    port: int
    plans: list[list[Request]]
    seconds: float
    once: bool
    taken: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def drive(port: int, plans: list[list[Request]], *, seconds: float, once: bool = False) -> Figures:
    """Let as many clients as there are plans send their requests for some seconds, over and over unless `once`."""
    order = pickle.dumps(_Order(port, plans, seconds, once))
    done = subprocess.run([sys.executable, "-m", "bench.load"], input=order, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    figures: Figures = pickle.loads(done.stdout)
    return figures


def open_form(port: int, path: str, cookies: str, form: dict[str, str]) -> Request:
    """Read the page that holds a form, as a browser does, and return the request that its button sends."""
    answer, body = Request(path, cookies).send(http.client.HTTPConnection("127.0.0.1", port))
    import gzip

    page = (gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body).decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    cookie = re.search(r"csrftoken=\w+", " ".join(answer.headers.get_all("Set-Cookie") or []))
    assert token is not None, path
    assert cookie is not None, path
    return Request(path, f"{cookies}; {cookie[0]}", {"csrfmiddlewaretoken": token[1], **form}, expect=302)


def _serve() -> None:
    order: _Order = pickle.load(sys.stdin.buffer)
    start = threading.Barrier(len(order.plans) + 1)
    threads = [threading.Thread(target=_client, args=(order, plan, start)) for plan in order.plans]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if order.faults or not order.taken:
        sys.exit(order.faults[0] if order.faults else "no request was answered")
    taken = sorted(order.taken)
    p50, p99 = (1000 * taken[int(len(taken) * share)] for share in (0.5, 0.99))
    sys.stdout.buffer.write(pickle.dumps(Figures(len(taken) / took, p50, p99)))


def _client(order: _Order, plan: list[Request], start: threading.Barrier) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", order.port, timeout=60)
    connection.connect()
    start.wait()
    until = time.perf_counter() + order.seconds
    try:
        while True:
            for request in plan:
                began = time.perf_counter()
                request.send(connection)
                ended = time.perf_counter()
                order.taken.append(ended - began)
                if ended > until:
                    return
            if order.once:
                return
    except Exception as error:  # told to whoever measures
        order.faults.append(repr(error))


if __name__ == "__main__":
    from bench import load  # pickles name the classes of the module, not those of `__main__`

    load._serve()

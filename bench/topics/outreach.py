"""A tablet comes back from a day in a village: its applications and photos are synced over a link that drops every few seconds.

The client is Python and speaks the page's protocol over HTTP (a browser that makes and encrypts so many photos would measure itself);
its records are alike, its photos random bytes in small pictures. Between it and the web server stands a proxy that carries so many
bytes a second and cuts every connection again and again. Web and worker run as `make run` starts them. `BENCH_OUTREACH` says how many
applications (25 unless given, 500 are a full day's), each with a photo of 400 KB.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import random
import select
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from bench import installation
from config import env
from huduma.contexts.identity import public as identity
from huduma.contexts.outreach import public as outreach
from huduma.foundation import ids

APPLICATIONS = env.number("BENCH_OUTREACH", 25)
PHOTO_BYTES = 400_000
LINK_BYTES = 4_000_000  # a second: a good mobile link
DROPS = (1.0, 3.0)  # seconds between two drops
PATIENCE = 10.0
OFFICER = "officer@dci.example"


class Link:
    """A TCP proxy to the web server: slow, and cut again and again. `carried`: bytes to the server."""

    def __init__(self, port: int) -> None:
        self.port, self.carried, self.drops, self.is_open = port, 0, 0, True
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        for work in (self._take, self._cut):
            threading.Thread(target=work, daemon=True).start()

    def _take(self) -> None:
        while self.is_open:
            with contextlib.suppress(OSError):
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.port))
                self.pairs.append((near, far))
                threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), near, far:
            while True:
                for source in select.select([near, far], [], [])[0]:
                    some = source.recv(65_536)
                    if not some:
                        return
                    if source is near:
                        time.sleep(len(some) / LINK_BYTES)
                        self.carried += len(some)
                    (far if source is near else near).sendall(some)

    def _cut(self) -> None:
        chance = random.Random(1)
        while self.is_open:
            time.sleep(chance.uniform(*DROPS))
            cut, self.pairs = self.pairs, []
            self.drops += bool(cut)
            for pair in cut:
                for end in pair:
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.is_open = False
        self.listener.close()


class Tablet:
    """What the page's sync does: each call is made until it is answered; a file goes on where its last piece ended."""

    def __init__(self, address: tuple[str, int], token: str) -> None:
        self.address, self.token, self.tries = address, token, 0
        self.line: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        said = {
            "Authorization": f"Bearer {self.token}",
            **{name.replace("_", "-"): one for name, one in headers.items()},
        }
        while True:
            self.tries += 1
            try:
                self.line = self.line or http.client.HTTPConnection(*self.address, timeout=PATIENCE)
                self.line.request(method, f"/outreach/api/{path}", body, said)
                answer = self.line.getresponse()
                return answer.status, {name.lower(): one for name, one in answer.getheaders()}, answer.read()
            except (OSError, http.client.HTTPException):
                if self.line is not None:
                    self.line.close()
                self.line = None
                time.sleep(0.05)

    def post(self, path: str, said: dict[str, Any]) -> dict[str, Any]:
        status, _, body = self.call("POST", path, json.dumps(said).encode(), Content_Type="application/json")
        assert status == 200, (status, body)
        found: dict[str, Any] = json.loads(body)
        return found

    def send_file(self, record_id: str, file: dict[str, Any], content: bytes) -> None:
        pairs = {"id": file["id"], "sha256": file["sha256"], "type": file["type"], "record": record_id}
        said = ",".join(f"{name} {base64.b64encode(one.encode()).decode()}" for name, one in pairs.items())
        status, headers, body = self.call(
            "POST", "files/", Upload_Length=str(len(content)), Upload_Metadata=said, Tus_Resumable="1.0.0"
        )
        assert status == 201, (status, body)
        offset = int(headers["upload-offset"])
        while offset < len(content):
            piece = content[offset : offset + outreach.PIECE_BYTES]
            status, headers, body = self.call(
                "PATCH", f"files/{file['id']}/", piece, Upload_Offset=str(offset), Tus_Resumable="1.0.0",
                Content_Type="application/offset+octet-stream",
                Upload_Checksum=f"sha256 {base64.b64encode(hashlib.sha256(piece).digest()).decode()}",
            )  # fmt: skip
            if status == 409:  # it had arrived, and the answer had not
                _, headers, _ = self.call("HEAD", f"files/{file['id']}/", Tus_Resumable="1.0.0")
            else:
                assert status == 204, (status, body)
            offset = int(headers["upload-offset"])


def measure(url: str) -> None:
    """Sync a day, count what is there."""
    call_command("demo_visit", verbosity=0)
    account = identity.Account.objects.get(email=OFFICER)
    officer = identity.actor_for(account, channel="outreach", purpose="casework", second_factor=True)
    visit = outreach.list_my_visits_for(officer, now=timezone.now())[0]
    device, token = outreach.register_device(actor=officer, visit_id=visit.id, name="bench", now=timezone.now())
    with installation.running(url, "web", "worker"), _link() as link:
        tablet = Tablet(link.address, token)
        pack = json.loads(tablet.call("GET", f"visits/{visit.id}/pack/")[2])
        day = list(_day(pack))
        size = sum(len(content) for _, content in day)
        began = time.perf_counter()
        for first in range(0, len(day), outreach.MOST_RECORDS):
            tablet.post("records/", {"records": [one for one, _ in day[first : first + outreach.MOST_RECORDS]]})
        for record, content in day:
            tablet.send_file(record["id"], record["body"]["files"][0], content)
        synced = time.perf_counter() - began
        print(
            f"  {len(day)} applications, {size / 1e6:.0f} MB of photos, {link.drops} drops of a link of {LINK_BYTES / 1e6:.0f} MB/s"
        )
        print(f"tablet synced                {synced:6.1f} s    the link alone, never broken {size / LINK_BYTES:.1f} s")
        more = link.carried - size
        print(
            f"sent again or around it      {more / 1e6:6.1f} MB   {more / size:.0%} of the photos; {tablet.tries} calls",
            flush=True,
        )
        asked = {"ids": [record["id"] for record, _ in day]}
        while any(one["state"] == "stored" for one in tablet.post("records/states/", asked)["results"]):
            time.sleep(0.5)
        applied = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM outreach_record WHERE device_id = %s GROUP BY state", [device.id])
        states = dict(cursor.fetchall())
        cursor.execute(
            "SELECT count(*), count(DISTINCT reference) FROM applications_application WHERE reference = ANY(%s)",
            [[record["body"]["reference"] for record, _ in day]],
        )
        rows, distinct = cursor.fetchone()
    print(f"all applied by one worker    {applied:6.1f} s    since the sync began")
    print(
        f"exactly once                 {states} records, {rows} applications, {distinct} references   wanted {len(day)}"
    )
    assert states == {"done": len(day)}
    assert rows == distinct == len(day)


@contextlib.contextmanager
def _link() -> Iterator[Link]:
    link = Link(installation.PORT)
    try:
        yield link
    finally:
        link.close()


def _day(pack: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each application of a day with its photo."""
    service = next(one for one in pack["services"] if one["code"] == "police-clearance")
    at = timezone.now().isoformat()
    for number, reference in enumerate(pack["blocks"]["references"][:APPLICATIONS]):
        content = _photo(number)
        file = {
            "id": str(ids.uuid7()), "question": "photo", "name": "photo.png", "type": "image/png", "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }  # fmt: skip
        body = {
            "reference": reference, "service": service["code"], "version": service["version"],
            "person": {"id_number": f"8{number:07}", "first_name": "Bench", "last_name": "Mfano", "sex": "F"},
            "consent": {"text": "I agree", "at": at}, "files": [file],
            "answers": {"purpose": "work", "county": "047", "agreed": True},
        }  # fmt: skip
        yield {"id": str(ids.uuid7()), "kind": "application", "made_at": at, "body": body}, content


def _photo(number: int) -> bytes:
    """A picture of one point with random bytes beside it, other ones for each number."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    noise = b"n\0" + random.Random(number).randbytes(PHOTO_BYTES).replace(b"\0", b"\1")
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"tEXt", noise)
        + chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
        + chunk(b"IEND", b"")
    )

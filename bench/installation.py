"""The processes of a real installation, started as `make run` starts them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import launcher

PORT = launcher.PORT


@contextmanager
def running(url: str, *names: str, port: int = PORT) -> Iterator[dict[str, launcher.Part]]:
    """Keep the named ones (web, worker, sandbox) running on a database, the web server answering at a port."""
    parts = {part.name: part for part in launcher.parts_of(url) if part.name in names}
    if "web" in parts:
        parts["web"].command = [str(port) if word == str(PORT) else word for word in parts["web"].command]
    (launcher.env.VAR / "log").mkdir(exist_ok=True)
    try:
        for part in parts.values():
            part.start()
        while "web" in parts and not launcher.answers(port):
            assert parts["web"].process is not None
            assert parts["web"].process.poll() is None, (launcher.env.VAR / "log" / "web.log").read_text()[-2000:]
            time.sleep(0.05)
        yield parts
    finally:
        for part in parts.values():
            part.stop()


def peak_memory(part: launcher.Part) -> list[int]:
    """Return the most memory that each process of a part has held so far, in megabytes (resident; Linux only)."""
    assert part.process is not None
    return [_peak(pid) for pid in (part.process.pid, *_children(part.process.pid))]


def _children(pid: int) -> list[int]:
    found = [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
    return [*found, *(below for child in found for below in _children(child))]


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024

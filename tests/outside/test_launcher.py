"""`make run` as people meet it: the real launcher, with everything that it starts, killed and started again."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from django.conf import settings

from config import database, launcher, ports

PATIENCE_SECONDS = 90


class Folder:
    """A data folder of its own, and the launchers that run in it."""

    def __init__(self, var: Path) -> None:
        listening = ports.free()
        self.var, self.port = var, int(listening["HUDUMA_PORT"])
        self.url, self.sandbox_url = f"http://127.0.0.1:{self.port}", listening["SANDBOX_URL"]
        mine = {**listening, "HUDUMA_VAR": str(var), "PYTHONUNBUFFERED": "1"}
        kept = {
            name: text for name, text in os.environ.items() if name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
        }
        self.environment = kept | mine
        self.started: list[subprocess.Popen[str]] = []

    def start(self, **more: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "config.launcher"], cwd=settings.BASE_DIR, env=self.environment | more,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def says(self, **more: str) -> str:
        """What a launcher says that cannot start."""
        process = self.start(**more)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 1
        return said

    def parts(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("HUDUMA_LAUNCHED_FROM") == str(self.var.resolve()):
                    found.append(process)
            except psutil.Error:
                pass
        return found


@pytest.fixture
def folder() -> Iterator[Folder]:
    place = Path(tempfile.mkdtemp(prefix="huduma-launcher-"))
    place.chmod(0o755)  # where the suite runs as root, the server does not
    made = Folder(place / "var")
    yield made
    for process in made.started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
    for part in made.parts():
        part.kill()
    database.stop(made.var / "postgres")
    shutil.rmtree(place)


def wait_for_line(process: "subprocess.Popen[str]", words: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError("".join(lines))


def kill_database(folder: Folder) -> None:
    pid = int((folder.var / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)


def until_a_code_arrives(folder: Folder, launcher: "subprocess.Popen[str]", phone: str) -> None:
    """Ask for a code as a citizen does, and go on asking until web server, worker and sandbox have carried it to the phone."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    asked = False
    with httpx.Client(base_url=folder.url, timeout=60) as client:
        while time.monotonic() < deadline:
            try:
                asked = asked or _ask(client, phone)
            except httpx.TransportError:  # a web server that the launcher starts again
                assert launcher.poll() is None, launcher.communicate()[0]
            if asked and httpx.get(f"{folder.sandbox_url}/phone/api/{phone}").json()["sms"]:
                return
    raise AssertionError("no code arrived")


def _ask(client: httpx.Client, phone: str) -> bool:
    page = client.get("/en/sign-in/")
    if token := re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text):
        form = {"phone": phone, "csrfmiddlewaretoken": token[1]}
        return client.post("/en/sign-in/", data=form).status_code == 302
    assert page.status_code == 503  # a gateway may try again, and so may people
    assert "Nothing that you saved is lost" in page.text
    return False


def test_everything_that_is_killed_comes_back(folder):
    first = folder.start()
    wait_for_line(first, "Huduma is ready")
    assert "runs already from this folder" in folder.says()

    kill_database(folder)
    wait_for_line(first, "The database stopped unexpectedly; starting it again")
    until_a_code_arrives(folder, first, "0700000001")

    first.kill()  # and then the power fails
    first.wait()
    kill_database(folder)
    orphans = folder.parts()
    assert orphans
    second = folder.start()
    wait_for_line(second, "Huduma is ready")
    assert not any(part.is_running() and part.status() != psutil.STATUS_ZOMBIE for part in orphans)
    until_a_code_arrives(folder, second, "0700000003")

    second.send_signal(signal.SIGINT)
    wait_for_line(second, "Stopping…")
    second.send_signal(signal.SIGINT)  # by somebody impatient
    second.terminate()
    said, _ = second.communicate(timeout=PATIENCE_SECONDS)
    assert "Your data stays in" in said
    assert second.returncode == 0
    assert not folder.parts()
    assert database.running_url(folder.var / "postgres") is None


def test_a_busy_port_is_named_with_the_way_out(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", folder.port))
        other.listen()
        said = folder.says()
    assert said == (
        f"Port {folder.port} is taken by another program: stop that one, or run `HUDUMA_PORT={folder.port + 100} make run`.\n"
    )


def test_a_database_that_does_not_answer_is_named_with_the_way_out(folder):
    said = folder.says(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{ports.free()['EMAIL_PORT']}/huduma")
    assert said.splitlines()[-1].startswith("The database does not answer: check DATABASE_URL. It said: ")
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(folder):
    folder.var.write_text("a file, where a folder is needed")
    said = folder.says()
    assert said.startswith(f"{folder.var} cannot be written")
    assert "HUDUMA_VAR" in said
    folder.var.unlink()


def test_a_disk_that_is_nearly_full_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setattr(launcher, "LEAST_FREE_BYTES", 10**18)
    with pytest.raises(
        launcher.Stop, match=r"The disk is nearly full .* set HUDUMA_VAR to a directory on another disk"
    ):
        launcher._check_disk()

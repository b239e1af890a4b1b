"""What goes to IFMIS and G-Pay: a table of what was handed over, and a manifest with the digest of each file.

The shape is ours until the Treasury gives its own: `assumed`.
"""

import csv
import hashlib
import io
from collections.abc import Iterable

COLUMNS = (
    "batch", "value_date", "entity", "revenue_code", "currency", "gross", "commission", "net", "end_to_end", "bank", "account",
)  # fmt: skip


def table(rows: Iterable[tuple[object, ...]]) -> bytes:
    """Return rows in the order of COLUMNS as CSV."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue().encode()


def manifest(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return for each file another one with its SHA-256 and name, as `sha256sum -c` reads it. It goes last: with it the file is whole."""
    return {
        f"{name}.sha256": f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode() for name, content in files.items()
    }

"""The files of a package, from a folder or a .zip, byte for byte; and back into a .zip that is always the same.

A .zip comes from strangers: nothing of it is written to disk, and names, sizes and kinds are judged before anything is unpacked.
"""

import io
import stat
import zipfile
from pathlib import Path

from huduma.contexts.catalogue.providers.package import Fault, Source

FILES = ("service.yaml", "form.yaml", "process.bpmn", "rules.dmn", "certificate.typ", "messages.yaml")
LARGEST_FILE = 1_000_000
LARGEST_ZIP = 3_000_000
MOST_ENTRIES = 20
#: Every entry of an exported .zip bears this time, so that the same files give the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
#: What operating systems put beside files, unasked.
LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


class BadSource(ValueError):
    """The files cannot be read as a package at all."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def from_folder(folder: Path) -> tuple[Source, list[Fault]]:
    """Read the files of a folder; what does not belong is a fault."""
    source: Source = {}
    faults: list[Fault] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in LITTER:
            continue
        if path.name not in FILES or not path.is_file():
            faults.append(_stranger(path.name))
        elif path.stat().st_size > LARGEST_FILE:
            faults.append(Fault(path.name, 1, "larger than 1 MB", "a package holds texts: make it shorter"))
        else:
            _take(source, faults, path.name, path.read_bytes())
    return source, faults


def from_zip(content: bytes) -> tuple[str, Source, list[Fault]]:
    """Read a .zip; returns the name of its one folder (or ""), its files, and its faults. Raises BadSource for what is no package."""
    if len(content) > LARGEST_ZIP:
        raise BadSource(
            [Fault("package.zip", 1, "larger than 3 MB", "a package holds texts: leave everything else out")]
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise BadSource([Fault("package.zip", 1, "not a .zip file", "compress the package's folder again")]) from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_litter(entry.filename)]
    if refused := _refusals(entries):
        raise BadSource(refused)
    folders = {entry.filename.rpartition("/")[0] for entry in entries}
    if len(folders) > 1 or any("/" in folder for folder in folders):
        rule = "the files lie in several folders"
        raise BadSource([Fault("package.zip", 1, rule, "put one package's files into one folder, and compress that")])
    source: Source = {}
    faults: list[Fault] = []
    for entry in sorted(entries, key=lambda one: one.filename):
        name = entry.filename.rpartition("/")[2]
        if name not in FILES:
            faults.append(_stranger(name))
            continue
        try:
            with archive.open(entry) as file:
                data = file.read(LARGEST_FILE + 1)  # the size in the directory may lie
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError):
            raise BadSource([Fault(name, 1, "the file in the .zip is damaged", "compress the folder again")]) from None
        if len(data) > LARGEST_FILE:
            raise BadSource([Fault(name, 1, "larger than 1 MB", "a package holds texts: make it shorter")])
        _take(source, faults, name, data)
    return next(iter(folders), ""), source, faults


def _refusals(entries: list[zipfile.ZipInfo]) -> list[Fault]:
    """Judge a .zip by its directory alone."""
    if not entries:
        return [Fault("package.zip", 1, "the .zip is empty", "put the package's files into it")]
    if len(entries) > MOST_ENTRIES:
        return [Fault("package.zip", 1, f"more than {MOST_ENTRIES} files", "leave out what is not of the package")]
    found = []
    names: set[str] = set()
    for entry in entries:
        name = entry.filename
        shown = name[-60:].encode("ascii", "replace").decode()
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name or "\\" in name:
            found.append(Fault(shown, 1, "the path leads out of the package", "use plain names of files in one folder"))
        elif stat.S_ISLNK(entry.external_attr >> 16):
            found.append(Fault(shown, 1, "a link, not a file", "put the file itself into the .zip"))
        elif entry.flag_bits & 0x1:
            found.append(Fault(shown, 1, "the file is encrypted", "compress without a password"))
        elif entry.file_size > LARGEST_FILE:
            found.append(Fault(shown, 1, "larger than 1 MB", "a package holds texts: make it shorter"))
        if name in names:
            found.append(Fault(shown, 1, "the file is in the .zip twice", "compress the folder again"))
        names.add(name)
    return found


def _take(source: Source, faults: list[Fault], name: str, data: bytes) -> None:
    try:
        source[name] = data.decode()
    except UnicodeDecodeError:
        faults.append(Fault(name, 1, "not UTF-8 text", "save the file in UTF-8"))


def _stranger(name: str) -> Fault:
    return Fault(name, 1, "not a file of a package", f"remove it; a package has {', '.join(FILES)}")


def _is_litter(path: str) -> bool:
    return any(part in LITTER for part in path.split("/"))


def to_zip(code: str, source: Source) -> bytes:
    """Return the files as a .zip with one folder; the same files always give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in FILES:
            if name in source:
                entry = zipfile.ZipInfo(f"{code}/{name}", EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(entry, source[name].encode())
    return out.getvalue()

"""A package is the same as a folder and as a .zip, byte for byte; and what a stranger's .zip may try is refused."""

import io
import shutil
import stat
import zipfile

import pytest
from django.conf import settings
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.catalogue.providers import packages, sources
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM

CHARTER = (settings.SERVICES_DIR / "helb-clearance" / "service.yaml").read_bytes()


def zipped(*entries, compression=zipfile.ZIP_DEFLATED):
    """A .zip of (name or ZipInfo, content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def unzipped(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}


def rules(content):
    return " ".join(fault.rule for fault in packages.read_zip(content, "helb-clearance").faults)


@pytest.mark.parametrize("folder", sorted(settings.SERVICES_DIR.iterdir()), ids=lambda path: path.name)
def test_a_folder_comes_back_from_its_zip_with_the_same_bytes(folder):
    source, faults = sources.from_folder(folder)
    content = sources.to_zip(folder.name, source)
    name, back, faults_of_zip = sources.from_zip(content)
    assert (name, back, faults, faults_of_zip) == (folder.name, source, [], [])
    assert unzipped(content) == {file.name: file.read_bytes() for file in folder.iterdir()}
    assert sources.to_zip(name, back) == content


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(st.dictionaries(st.sampled_from(sources.FILES), TEXT, min_size=1))
def test_any_text_comes_back_as_it_was(source):
    assert sources.from_zip(sources.to_zip("some-code", source)) == ("some-code", source, [])


def link(name, target):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry, target


def encrypted():
    content = bytearray(zipped(("service.yaml", CHARTER)))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + at] |= 1
    return bytes(content)


def lying_about_its_size():
    """The directory says ten bytes; the entry holds two million."""
    content = bytearray(zipped(("service.yaml", b"0" * 2_000_000)))
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(content)


def with_a_name_twice():
    with pytest.warns(UserWarning, match="Duplicate name"):
        return zipped(("service.yaml", CHARTER), ("service.yaml", b"code: other"))


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: b"", "not a .zip file"),
        (lambda: b"PK\x03\x04 and nonsense", "not a .zip file"),
        (lambda: zipped(), "the .zip is empty"),
        (lambda: zipped(("../../etc/passwd", b"x")), "leads out of the package"),
        (lambda: zipped(("/etc/passwd", b"x")), "leads out of the package"),
        (lambda: zipped(("helb-clearance\\..\\service.yaml", b"x")), "leads out of the package"),
        (lambda: zipped(("C:/service.yaml", b"x")), "leads out of the package"),
        (lambda: zipped(link("service.yaml", "/etc/passwd")), "a link, not a file"),
        (with_a_name_twice, "in the .zip twice"),
        (encrypted, "encrypted"),
        (lambda: zipped(("service.yaml", b"0" * 50_000_000)), "larger than 1 MB"),
        (lying_about_its_size, "damaged"),
        (lambda: zipped(("service.yaml", b"0" * 4_000_000), compression=zipfile.ZIP_STORED), "larger than 3 MB"),
        (lambda: zipped(*((f"{n}.yaml", b"x") for n in range(30))), "more than 20 files"),
        (lambda: zipped(("a/service.yaml", CHARTER), ("b/form.yaml", b"x")), "several folders"),
        (lambda: zipped(("service.yaml", CHARTER), ("run.py", b"import os")), "not a file of a package"),
        (lambda: zipped(("service.yaml", b"\xff\xfe\x00")), "not UTF-8 text"),
        (lambda: zipped(("form.yaml", b"x: 1")), "the file is missing"),
        (lambda: zipped(("service.yaml", b"a: &x [1]\nb: [*x, *x]")), "an alias"),
        (lambda: zipped(("service.yaml", b"!!python/object/apply:os.system ['true']")), "not YAML"),
    ],
)  # fmt: skip
def test_what_a_strangers_zip_may_try_is_a_fault(make, rule):
    assert rule in rules(make())


def test_what_an_operating_system_adds_is_passed_over():
    assert rules(zipped(("helb-clearance/service.yaml", CHARTER), ("__MACOSX/._service.yaml", b"x"))) == ""


def test_the_command_exports_what_runs_and_reads_it_again(db, now, tmp_path):
    places.load_places(actor=SYSTEM)
    folder = settings.SERVICES_DIR / "county-sbp"
    catalogue.load_packages(actor=SYSTEM, path=folder, now=now)
    file = tmp_path / "county-sbp.zip"
    call_command("service", "export", "county-sbp", str(file))
    assert unzipped(file.read_bytes()) == {one.name: one.read_bytes() for one in folder.iterdir()}
    call_command("service", "check", str(file))
    assert catalogue.load_packages(actor=SYSTEM, path=file, now=now)["versions"] == 0


def test_a_folder_with_a_stray_file_is_a_fault(tmp_path):
    folder = shutil.copytree(settings.SERVICES_DIR / "helb-clearance", tmp_path / "helb-clearance")
    (folder / "notes.docx").write_bytes(b"x")
    [package] = catalogue.check_packages(folder)
    assert [fault.rule for fault in package.faults] == ["not a file of a package"]

"""Files are judged by their bytes."""

import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huduma.foundation.access import ANONYMOUS
from huduma.foundation.files import public as files
from huduma.foundation.files import soundness
from huduma.foundation.sockets import Registry

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 1, height: int = 1) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")


def jpeg(width: int = 1, height: int = 1) -> bytes:
    size = struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)
    thumbnail = b"\xff\xe1\x00\x08Exif\xff\xd9"
    begin = b"\xff\xc0" + struct.pack(">H", 2 + len(size)) + size + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + thumbnail + begin + b"\x00\xff\xd9"


PNG = png()


def store(content: bytes, name: str = "photo.png", **options: object) -> files.StoredFile:
    return files.store(actor=ANONYMOUS, content=content, name=name, now=NOW, **options)


@pytest.mark.django_db
def test_a_stored_file_comes_back_unchanged_under_its_own_name_only():
    stored = store(PNG, name="../../etc/photo.png")
    kept = files.get(stored.id)
    assert (bytes(kept.content), kept.name, kept.content_type) == (PNG, "photo.png", "image/png")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", files.Empty),
        (PNG + bytes(6_000_000), files.TooLarge),
        (b"MZ\x90\x00" + bytes(200), files.WrongType),
        (b"<html><script>alert(1)</script></html>", files.WrongType),
        (PNG + files.EICAR, files.Infected),
        (png(20_000, 20_000), files.TooManyPoints),
        (jpeg(20_000, 20_000), files.TooManyPoints),
        (PNG[:-12], files.Damaged),
        (PNG.replace(b"IDAT", b"IDAT\0"), files.Damaged),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40), files.Damaged),
        (jpeg()[:-1], files.Damaged),
        (jpeg()[:40], files.Damaged),
        (b"%PDF-1.7\n1 0 obj << >> endobj\n", files.Damaged),
        (b"%PDF-1.7\n1 0 obj <</S /JavaScript /JS (app.alert(1))>> endobj\n%%EOF", files.Infected),
    ],
)
def test_what_is_not_kept(content, refusal):
    with pytest.raises(refusal):
        store(content, name="innocent.png")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content", [png(8000, 8000), jpeg(4000, 3000), jpeg() + b"a phone's own words", b"%PDF-1.7\n%%EOF\n"]
)
def test_what_can_be_shown_is_kept(content):
    assert store(content).size == len(content)


@given(st.sampled_from([png(), jpeg()]), st.integers(0, 60), st.binary(max_size=20))
def test_no_bytes_break_the_walk(content, at, junk):
    for kind in ("image/png", "image/jpeg"):
        with suppress(soundness.Broken):
            soundness.points_of(content[:at] + junk + content[at:], kind)


@pytest.mark.django_db
def test_every_scanner_sees_every_byte_and_one_that_refuses_is_enough(monkeypatch):
    seen = []
    scanners = Registry("file scanner")
    monkeypatch.setattr(files, "_scanners", scanners)
    files.register_scanner("reads", lambda content: seen.append(content))
    assert store(PNG).size == len(PNG)
    assert seen == [PNG]
    files.register_scanner("refuses", lambda content: "Test.Signature" if content.endswith(b"worm") else None)
    with pytest.raises(files.Infected):
        store(PNG + b"worm")
    assert files.StoredFile.objects.count() == 1


@pytest.mark.django_db
def test_while_a_scanner_is_away_nothing_is_kept(monkeypatch):
    scanners = Registry("file scanner")
    monkeypatch.setattr(files, "_scanners", scanners)

    def down(content):
        raise ConnectionRefusedError

    files.register_scanner("down", down)
    with pytest.raises(files.NotScanned):
        store(PNG)
    assert not files.StoredFile.objects.exists()

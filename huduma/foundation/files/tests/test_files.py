"""Files are judged by their bytes."""

from datetime import UTC, datetime

import pytest

from huduma.foundation.access import ANONYMOUS
from huduma.foundation.files import public as files
from huduma.foundation.sockets import Registry

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)


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
        (b"%PDF-1.7\n1 0 obj <</S /JavaScript /JS (app.alert(1))>> endobj\n%%EOF", files.Infected),
    ],
)
def test_what_is_not_kept(content, refusal):
    with pytest.raises(refusal):
        store(content, name="innocent.png")


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

"""Small sound pictures for tests."""

import struct
import zlib


def png(number: int = 0, noise: int = 0) -> bytes:
    """A picture of one row, different for each number; `noise` bytes of a comment make it larger."""
    row = b"\x00" + bytes([number % 256, number // 256 % 256, 0])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    comment = chunk(b"tEXt", b"n\x00" + b"x" * noise) if noise else b""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + comment + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")

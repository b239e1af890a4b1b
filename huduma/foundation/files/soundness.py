"""Whether a picture or PDF can be shown at all: by its structure, never decoded here.

A decoder of strangers' pictures is a well-known way into a server, and a small file can unpack to gigabytes. So sizes are read from
the header, and the rest is only walked through: PNG (ISO/IEC 15948) chunk by chunk with their check sums, JPEG (ITU-T T.81) by its
markers up to the end of the image, PDF (ISO 32000) by its last lines. What stands after the end is left alone: phones write there.
"""

import zlib

#: Points that a picture may have: 8,000 × 8,000, more than a phone's camera takes in 5 MB; twice as much fills a cheap computer.
MOST_POINTS = 64_000_000
PNG_START, JPEG_SIZES, JPEG_BARE = (
    b"\x89PNG\r\n\x1a\n",
    {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC},
    {0x01, *range(0xD0, 0xD9)},
)


class Broken(Exception):
    """The file is cut off, or is not what its first bytes say."""


def points_of(content: bytes, content_type: str) -> int:
    """Return how many points a picture has, 0 for what is none. Raises Broken."""
    if content_type == "image/png":
        return _png(content)
    if content_type == "image/jpeg":
        return _jpeg(content)
    if content_type == "application/pdf" and b"%%EOF" not in content[-4096:]:
        raise Broken
    return 0


def _png(content: bytes) -> int:
    points, at = 0, len(PNG_START)
    while at + 12 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        end = at + 8 + size
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4]):
            raise Broken
        if kind == b"IHDR" and size == 13:
            points = int.from_bytes(content[at + 8 : at + 12]) * int.from_bytes(content[at + 12 : at + 16])
        if kind == b"IEND" and points:
            return points
        at = end + 4
    raise Broken


def _jpeg(content: bytes) -> int:
    points, at = 0, 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in JPEG_BARE:
            at += 2
        else:
            size = int.from_bytes(content[at + 2 : at + 4])
            if marker in JPEG_SIZES:
                points = int.from_bytes(content[at + 5 : at + 7]) * int.from_bytes(content[at + 7 : at + 9])
            if marker == 0xDA:  # the picture itself begins
                if points and b"\xff\xd9" in content[at:]:
                    return points
                raise Broken
            at += 2 + size
    raise Broken

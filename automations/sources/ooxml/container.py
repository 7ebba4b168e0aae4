"""The zip around a workbook: its members with their raw bytes, and the same zip with some members replaced.

Untouched members are copied as they are stored: local header, packed bytes, data descriptor, padding, order.
Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from automations.sources.ooxml.deflate import BLOCK, BadDeflate, crc32, inflate, packer
from automations.sources.ooxml.refusals import Reason, WorkbookRefused

MAX_MEMBERS = 5_000
MAX_MEMBER_BYTES = 1 << 30
MAX_TOTAL_BYTES = 2 << 30
MAX_RATIO = 100
"""How many times larger a member may get when unpacked; only asked of those over `MAX_UNASKED_BYTES`."""
MAX_UNASKED_BYTES = 20 << 20

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ZIP64_EXTRA = 0x0001
_FULL = 0xFFFFFFFF
_ENCRYPTED = 0x1
_DESCRIPTOR = 0x8
_UTF8 = 0x800
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Member:
    """One member. Its stored bytes reach from *offset* to *end*, the packed ones from *data*."""

    name: str
    raw_name: bytes
    version: int
    flags: int
    method: int
    moment: tuple[int, int]
    crc: int
    packed: int
    size: int
    offset: int
    data: int
    end: int
    central: bytes
    """The entry in the directory as it stands."""
    local_extra: bytes


@dataclass(frozen=True, slots=True)
class Container:
    """The members in the order of the directory, and the comment at the end of the zip."""

    members: tuple[Member, ...]
    comment: bytes

    def find(self, path: str) -> Member | None:
        """Return a member by the path of its part; letter case and slashes do not matter (ECMA-376 part 2, 6.2.2)."""
        wanted = part_name(path)
        return next((each for each in self.members if part_name(each.name) == wanted), None)


def part_name(path: str) -> str:
    """Return what two spellings of one part's path share."""
    return path.replace("\\", "/").lstrip("/").casefold()


def open_container(file: BinaryIO) -> Container:
    """Return the directory of a zip. Raises WorkbookRefused when it is damaged, encrypted or a bomb."""
    try:
        entries, start, comment = _directory(file)
        members = _with_ends(file, [_entry(raw) for raw in entries], start)
    except (struct.error, UnicodeDecodeError) as err:
        raise WorkbookRefused(Reason.CUT_OFF) from err
    _check_limits(members)
    return Container(members, comment)


def unpacked(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """Return a member's content in blocks; refuses one that is longer than declared or fails its checksum."""
    total = crc = 0
    stored = _slices(file, member.data, member.packed)
    try:
        for block in inflate(stored) if member.method == _DEFLATED else stored:
            total += len(block)
            if total > member.size:
                raise WorkbookRefused(Reason.TOO_BIG, f"{member.name} is larger than it declares")
            crc = crc32(block, crc)
            yield block
    except BadDeflate as err:
        raise WorkbookRefused(Reason.CUT_OFF, f"{member.name} cannot be unpacked") from err
    if total != member.size or crc != member.crc:
        raise WorkbookRefused(Reason.CUT_OFF, f"{member.name} fails its checksum")


def content(file: BinaryIO, member: Member, *, max_bytes: int = 64 << 20) -> bytes:
    """Return the whole of a small member."""
    if member.size > max_bytes:
        raise WorkbookRefused(Reason.TOO_BIG, f"{member.name} has {member.size:,} bytes")
    return b"".join(unpacked(file, member))


def rewrite(source: BinaryIO, container: Container, replaced: Mapping[str, Iterable[bytes]], target: BinaryIO) -> None:
    """Write the zip again with new content for the members named in *replaced* (as the directory spells them).

    Time, method, order and comment stay; nothing depends on the clock, so the same edit gives the same bytes.
    """
    entries: dict[Member, bytes] = {}
    for member in sorted(container.members, key=lambda each: each.offset):
        offset = target.tell()
        if member.name in replaced:
            crc, packed, size = _write_member(target, member, replaced[member.name])
            entries[member] = _central(member, offset, (crc, packed, size), member.flags & ~_DESCRIPTOR)
        else:
            target.writelines(_slices(source, member.offset, member.end - member.offset))
            entries[member] = _central(member, offset, (member.crc, member.packed, member.size), member.flags)
    start = target.tell()
    for member in container.members:
        target.write(entries[member])
    count, length = len(container.members), target.tell() - start
    if target.tell() >= _FULL:
        raise WorkbookRefused(Reason.TOO_BIG)
    target.write(_END.pack(b"PK\5\6", 0, 0, count, count, length, start, len(container.comment)) + container.comment)


def _slices(file: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    position, end = start, start + length
    while position < end:
        # Others read the same file between two of our pieces, so the place is found anew each time.
        file.seek(position)
        piece = file.read(min(BLOCK // 4, end - position))
        if not piece:
            raise WorkbookRefused(Reason.CUT_OFF)
        position += len(piece)
        yield piece


def _directory(file: BinaryIO) -> tuple[list[bytes], int, bytes]:
    """Return the raw directory entries, where the directory starts, and the comment."""
    length = file.seek(0, 2)
    tail_start = max(0, length - _END.size - 0xFFFF)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0:
        raise WorkbookRefused(Reason.CUT_OFF)
    _, disk, _, _, count, size, start, comment_length = _END.unpack_from(tail, at)
    comment = tail[at + _END.size : at + _END.size + comment_length]
    end = tail_start + at
    if _FULL in (size, start) or count == 0xFFFF:  # noqa: PLR2004 - "see the zip64 record" (4.4.1.4)
        count, size, start, end = _zip64_end(file, end)
    if disk or start + size != end:
        raise WorkbookRefused(Reason.CUT_OFF)
    if count > MAX_MEMBERS:
        raise WorkbookRefused(Reason.TOO_BIG, f"it has {count:,} parts")
    file.seek(start)
    return _split_directory(file.read(size), count), start, comment


def _zip64_end(file: BinaryIO, end: int) -> tuple[int, int, int, int]:
    file.seek(end - _END64_LOCATOR.size)
    signature, _, record, _ = _END64_LOCATOR.unpack(file.read(_END64_LOCATOR.size))
    if signature != b"PK\6\7":
        raise WorkbookRefused(Reason.CUT_OFF)
    file.seek(record)
    fields = _END64.unpack(file.read(_END64.size))
    return fields[7], fields[8], fields[9], record


def _split_directory(directory: bytes, count: int) -> list[bytes]:
    entries = []
    at = 0
    for _ in range(count):
        signature, *fields = _CENTRAL.unpack_from(directory, at)
        if signature != b"PK\1\2":
            raise WorkbookRefused(Reason.CUT_OFF)
        length = _CENTRAL.size + sum(fields[9:12])
        entries.append(directory[at : at + length])
        at += length
    return entries


@dataclass(frozen=True, slots=True)
class _Entry:
    """One directory entry, with the 64-bit numbers in their place."""

    raw: bytes
    name: bytes
    fields: tuple[int, ...]
    crc: int
    packed: int
    size: int
    offset: int


def _entry(raw: bytes) -> _Entry:
    _, *fields = _CENTRAL.unpack_from(raw)
    crc, packed, size, name_length, extra_length = fields[6:11]
    offset = fields[15]
    name = raw[_CENTRAL.size : _CENTRAL.size + name_length]
    extra = raw[_CENTRAL.size + name_length : _CENTRAL.size + name_length + extra_length]
    if _FULL in (packed, size, offset):
        wide = iter(_numbers(_zip64(extra)))
        size = next(wide, size) if size == _FULL else size
        packed = next(wide, packed) if packed == _FULL else packed
        offset = next(wide, offset) if offset == _FULL else offset
    return _Entry(raw, name, tuple(fields), crc, packed, size, offset)


def _numbers(data: bytes) -> tuple[int, ...]:
    count = len(data) // 8
    return struct.unpack_from(f"<{count}Q", data)


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        yield kind, extra[at : at + 4 + length]
        at += 4 + length


def _zip64(extra: bytes) -> bytes:
    return next((field[4:] for kind, field in _extra_fields(extra) if kind == _ZIP64_EXTRA), b"")


def _without_zip64(extra: bytes) -> bytes:
    return b"".join(field for kind, field in _extra_fields(extra) if kind != _ZIP64_EXTRA)


def _with_ends(file: BinaryIO, entries: list[_Entry], directory_start: int) -> tuple[Member, ...]:
    """Return the members, each with the span it fills; refuses those that overlap or share a name."""
    offsets = sorted(entry.offset for entry in entries)
    ends = dict(zip(offsets, [*offsets[1:], directory_start], strict=True))
    if len(ends) != len(entries) or (offsets and offsets[0] != 0):
        raise WorkbookRefused(Reason.CUT_OFF)
    members = tuple(_member(file, entry, ends[entry.offset]) for entry in entries)
    if len({part_name(member.name) for member in members}) != len(members):
        raise WorkbookRefused(Reason.CUT_OFF, "two of its parts have one name")
    return members


def _member(file: BinaryIO, entry: _Entry, end: int) -> Member:
    file.seek(entry.offset)
    header = file.read(_LOCAL.size)
    signature, *_, name_length, extra_length = _LOCAL.unpack(header)
    raw_name, extra = file.read(name_length), file.read(extra_length)
    data = entry.offset + _LOCAL.size + name_length + extra_length
    if signature != b"PK\3\4" or data + entry.packed > end or raw_name != entry.name:
        raise WorkbookRefused(Reason.CUT_OFF)
    _, version, flags, method, clock, day = entry.fields[:6]
    name = entry.name.decode("utf-8" if flags & _UTF8 else "cp437")
    if flags & _ENCRYPTED:
        raise WorkbookRefused(Reason.PASSWORD)
    if method not in (_STORED, _DEFLATED):
        raise WorkbookRefused(Reason.UNUSUAL, f"{name} is packed by method {method}")
    return Member(
        name=name,
        raw_name=entry.name,
        version=version,
        flags=flags,
        method=method,
        moment=(clock, day),
        crc=entry.crc,
        packed=entry.packed,
        size=entry.size,
        offset=entry.offset,
        data=data,
        end=end,
        central=entry.raw,
        local_extra=extra,
    )


def _check_limits(members: tuple[Member, ...]) -> None:
    for member in members:
        swollen = member.size > MAX_UNASKED_BYTES and member.size > MAX_RATIO * member.packed
        if swollen or member.size > MAX_MEMBER_BYTES:
            raise WorkbookRefused(Reason.TOO_BIG, f"{member.name} has {member.size:,} bytes")
    if (total := sum(member.size for member in members)) > MAX_TOTAL_BYTES:
        raise WorkbookRefused(Reason.TOO_BIG, f"its parts have {total:,} bytes")


def _write_member(target: BinaryIO, member: Member, blocks: Iterable[bytes]) -> tuple[int, int, int]:
    """Write one member anew and return its checksum, packed size and size."""
    offset = target.tell()
    extra = _without_zip64(member.local_extra)
    header_length = _LOCAL.size + len(member.raw_name) + len(extra)
    target.write(bytes(header_length))
    crc = size = 0
    stream = packer() if member.method == _DEFLATED else None
    for block in blocks:
        crc = crc32(block, crc)
        size += len(block)
        target.write(stream.compress(block) if stream else block)
    if stream:
        target.write(stream.flush())
    end = target.tell()
    packed = end - offset - header_length
    target.seek(offset)
    target.write(
        _LOCAL.pack(
            b"PK\3\4",
            member.version,
            member.flags & ~_DESCRIPTOR,
            member.method,
            *member.moment,
            crc,
            packed,
            size,
            len(member.raw_name),
            len(extra),
        )
        + member.raw_name
        + extra
    )
    target.seek(end)
    return crc, packed, size


def _central(member: Member, offset: int, measures: tuple[int, int, int], flags: int) -> bytes:
    """Return a directory entry with new numbers; 64-bit ones go back to their 32-bit places."""
    signature, *fields = _CENTRAL.unpack_from(member.central)
    name_end = _CENTRAL.size + fields[9]
    extra = member.central[name_end : name_end + fields[10]]
    rest = member.central[name_end + fields[10] :]
    if _FULL in (*fields[7:9], fields[15]):
        extra = _without_zip64(extra)
    fields[2] = flags
    fields[6:9] = measures
    fields[10] = len(extra)
    fields[15] = offset
    return _CENTRAL.pack(signature, *fields) + member.raw_name + extra + rest

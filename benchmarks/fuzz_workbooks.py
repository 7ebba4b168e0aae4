"""Break real workbooks in random ways, and see that each is patched so that others agree, or refused by name.

    python benchmarks/fuzz_workbooks.py --corpus ../shared/corpus/xlsx --count 2000 --seconds 300 --seed 1

Every broken workbook is worked on in a child process with a limit on memory and time, so one that goes wrong is named
with the seed that makes it again. Slow is what takes a processor long; a busy machine makes nothing slow.
Ends with 0 when all was well, with 1 otherwise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

MAX_BYTES = 2 << 30
SECONDS_EACH = 20
SLOW = 5.0
MAX_FILE = 2 << 20
_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "corpus"
PIECES = (
    b"<", b">", b"/>", b"</c>", b"<c>", b'<c r="ZZZ99999999">', b"<row>", b"</row>", b'<row r="0">',
    b'<row r="1048577">', b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;",
    b"&#x110000;", b"&#0;", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b'"', b"'", b"=", b"<?xml encoding='UTF-16'?>",
    b"</sheetData>", b"<sheetData>", b"<sheetData/>", b"<f>", b'<f t="array" ref="A1:XFD1048576">', b'r="',
    b' r="A1"', b' t="s"', b"<v>", b"<v>99999999999999999999</v>", b"<v>1e999</v>", b"<v>-1</v>",
    b'<mergeCell ref="A1:XFD1048576"/>', b"<is><t>",
)  # fmt: skip
"""Markup and bytes that do not belong where they are put."""


class Case(NamedTuple):
    """One broken workbook: how it came about, and its bytes."""

    name: str
    data: bytes


def main() -> int:
    """Return 1 when a workbook crashed, hung, ate memory or was damaged in silence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=_BESIDE / "xlsx", help="a folder of real workbooks")
    parser.add_argument("--count", type=int, default=1_000, help="how many broken workbooks")
    parser.add_argument("--seconds", type=float, default=300, help="stop after so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for those that went wrong")
    asked = parser.parse_args()
    files = [each for each in sorted(asked.corpus.glob("*.x*")) if each.stat().st_size < MAX_FILE]
    if not files:
        print(f"no workbooks in {asked.corpus}")
        return 1
    began = time.monotonic()
    ended: Counter[str] = Counter()
    wrong = 0
    slowest = 0.0
    worker = Worker()
    for number in range(asked.seed, asked.seed + asked.count):
        if time.monotonic() - began > asked.seconds:
            break
        case = broken(files, number)
        said, took = worker.work(case.data)
        slowest = max(slowest, took)
        ended[said.partition("\n")[0]] += 1
        if said.startswith("!") or took > SLOW:
            wrong += 1
            print(f"seed {number}, {case.name}, {took:.1f} s: {said}")
            if asked.keep:
                asked.keep.mkdir(parents=True, exist_ok=True)
                (asked.keep / f"{number}.xlsx").write_bytes(case.data)
    worker.end()
    seconds = time.monotonic() - began
    print(f"{ended.total():,} workbooks in {seconds:.0f} s, the slowest {slowest:.1f} s; {wrong} went wrong")
    for what, how_many in ended.most_common():
        print(f"{how_many:7,}  {what}")
    return 1 if wrong else 0


def broken(files: Sequence[Path], seed: int) -> Case:
    """Return one broken workbook; the same for the same seed."""
    picks = random.Random(seed)
    path = picks.choice(files)
    data = path.read_bytes()
    way = picks.choice(WAYS)
    for _ in range(picks.choice((1, 1, 2, 4))):
        data = way(data, picks, files)
    return Case(f"{path.name}, {way.__name__.strip('_')}", data)


def _bytes_of_the_zip(data: bytes, picks: random.Random, files: Sequence[Path]) -> bytes:
    """Change the container itself: a few bytes anywhere."""
    del files
    return _spoiled(data, picks)


def _cut(data: bytes, picks: random.Random, files: Sequence[Path]) -> bytes:
    """End early, or lose a piece from the middle."""
    del files
    if len(data) < 10:
        return data
    at = picks.randrange(len(data))
    return data[:at] + (data[at + picks.randrange(1, 5_000) :] if picks.random() < 0.5 else b"")


def _directory(data: bytes, picks: random.Random, files: Sequence[Path]) -> bytes:
    """Let the directory lie: about sizes, places, methods, names."""
    del files
    places = [at for at in range(len(data) - 4) if data.startswith(b"PK\1\2", at)] if len(data) < 1 << 18 else []
    if not places:
        return _spoiled(data, picks)
    at = picks.choice(places) + picks.choice((8, 10, 16, 20, 24, 28, 30, 32, 42))
    new = struct.pack("<L", picks.choice((0, 1, 40, 0x7FFFFFFF, 0xFFFFFFFF, picks.randrange(1 << 32))))
    return data[:at] + new[: picks.choice((2, 4))] + data[at + (4 if len(new) == 4 else 2) :]


def _part(data: bytes, picks: random.Random, files: Sequence[Path]) -> bytes:
    """Change the inside of a part, and pack it again as a sound zip."""
    del files
    return _with_parts(data, picks, lambda _, part: _spoiled(part, picks), lambda name: _is_read(name, picks))


def _markup(data: bytes, picks: random.Random, files: Sequence[Path]) -> bytes:
    """Put markup where it does not belong."""
    del files

    def add(name: str, part: bytes) -> bytes:
        del name
        places = [part.find(start) + 1 for start in (b"<row", b"<c ", b"<si", b"<f")]
        at = picks.choice([picks.randrange(len(part) + 1), *places])
        return part[:at] + picks.choice(PIECES) + part[at + picks.choice((0, 0, 1, 5)) :]

    return _with_parts(data, picks, add, lambda name: _is_read(name, picks))


def _swapped_elements(data: bytes, picks: random.Random, files: Sequence[Path]) -> bytes:
    """Copy a stretch of a part to another place in it, so that rows and cells come twice or in disorder."""
    del files

    def swap(name: str, part: bytes) -> bytes:
        del name
        if len(part) < 20:
            return part
        start, length, to = picks.randrange(len(part)), picks.randrange(1, 2_000), picks.randrange(len(part))
        return part[:to] + part[start : start + length] + part[to:]

    return _with_parts(data, picks, swap, lambda name: _is_read(name, picks))


def _missing_part(data: bytes, picks: random.Random, files: Sequence[Path]) -> bytes:
    """Lose a part, or take one of another workbook."""
    other = picks.choice(files)
    with_other = picks.random() < 0.5

    def replace(name: str, part: bytes) -> bytes | None:
        del part
        with suppress(zipfile.BadZipFile, KeyError, RuntimeError, OSError), zipfile.ZipFile(other) as archive:
            return archive.read(name) if with_other else None
        return None

    return _with_parts(data, picks, replace, lambda name: _is_read(name, picks))


def _swollen_part(data: bytes, picks: random.Random, files: Sequence[Path]) -> bytes:
    """Let a part unpack to far more than it is packed in."""
    del files
    space = b" " * picks.choice((1, 1 << 20, 30 << 20))
    return _with_parts(data, picks, lambda _, part: part + space, lambda name: "sheet" in name)


WAYS = (
    _bytes_of_the_zip,
    _cut,
    _directory,
    _part,
    _part,
    _markup,
    _markup,
    _markup,
    _swapped_elements,
    _missing_part,
    _swollen_part,
)


def _is_read(name: str, picks: random.Random) -> bool:
    """Whether a part is one that we read; now and then any."""
    return picks.random() < 0.05 or any(
        word in name for word in ("worksheets/sheet", "workbook.xml", "sharedStrings", "styles.xml", "tables/", ".rels")
    )


def _spoiled(data: bytes, picks: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(picks.choice((1, 1, 3, 10))):
        if spoiled:
            spoiled[picks.randrange(len(spoiled))] = picks.randrange(256)
    return bytes(spoiled)


def _with_parts(
    data: bytes, picks: random.Random, change: Callable[[str, bytes], bytes | None], chosen: Callable[[str], bool]
) -> bytes:
    """Return the zip with one of the chosen parts changed; None leaves it out."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = [(info, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, zlib.error, OSError):
        return _spoiled(data, picks)
    names = [info.filename for info, _ in parts if chosen(info.filename)]
    if not names:
        return data
    name = picks.choice(names)
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in parts:
            new = change(name, content) if info.filename == name else content
            if new is not None:
                archive.writestr(info.filename, new)
    return target.getvalue()


class Worker:
    """A child process that works on one workbook after another, and is started anew when one kills it."""

    def __init__(self) -> None:
        self._child: multiprocessing.Process | None = None
        self._pipe: Connection | None = None

    def work(self, data: bytes) -> tuple[str, float]:
        """Return how it ended, and the processor's seconds; a text that begins with ! when something is wrong."""
        if self._child is None or self._pipe is None or not self._child.is_alive():
            self._pipe, other = multiprocessing.Pipe()
            self._child = multiprocessing.Process(target=_serve, args=(other,), daemon=True)
            self._child.start()
            other.close()
        try:
            self._pipe.send_bytes(data or b"\0")
            if not self._pipe.poll(SECONDS_EACH):
                self.end()
                return f"! no end after {SECONDS_EACH} s", SECONDS_EACH
            said, took = self._pipe.recv()
            return str(said), float(took)
        except (EOFError, OSError):
            code = self._child.exitcode
            self.end()
            return f"! the process died ({code})", 0.0

    def end(self) -> None:
        """Stop the child."""
        if self._child is not None and self._child.is_alive():
            self._child.kill()
            self._child.join()
        self._child = None


def _serve(pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What calamine writes when it gives up is no news.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    while True:
        try:
            data = pipe.recv_bytes()
        except EOFError:
            return
        began = time.process_time()
        said = _outcome(data)
        pipe.send((said, time.process_time() - began))


def _outcome(data: bytes) -> str:
    """Return how one workbook fares in everything that we do with one."""
    from automations.sources.ooxml.proving import prove

    try:
        proof = prove(BytesIO(data), "leads.xlsx", {}, BytesIO())
        _use(data, is_sound=proof.refused is None)
    except MemoryError:
        return "! out of memory\n" + traceback.format_exc()
    except Exception:  # noqa: BLE001 - any other exception is what we are looking for
        return "! " + traceback.format_exc()
    if proof.refused is None:
        return "proved"
    if "does not read as it should" in proof.refused.what or "any more" in proof.refused.what:
        return "! " + proof.refused.what
    return f"refused: {proof.refused.reason}"


def _use(data: bytes, *, is_sound: bool) -> None:
    """Read it, add columns and dress it, as a run and the commands do; what is refused must be by name."""
    from automations.errors import LeadwrightError
    from automations.sources.dress import Dress
    from automations.sources.excel import ExcelSource
    from automations.sources.ooxml.secondreader import read_all

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.xlsx"
        path.write_bytes(data)
        source = ExcelSource(path)
        with suppress(LeadwrightError):
            sheet = source.read(("Email", "Name", "Date"))
            for _ in sheet.rows:
                pass
            beside = [each for each in sheet.headers if each.strip()][:3]
            source.add_columns(("Score", "Stage"), beside)
            source.dress(Dress("Stage", ("New", "Won"), "Score", ("hot", "cold")), beside)
        if is_sound:
            with path.open("rb") as file:
                read_all(file, ())


if __name__ == "__main__":
    sys.exit(main())

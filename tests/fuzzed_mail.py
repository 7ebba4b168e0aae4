"""Real mails, damaged on purpose, and what reading them comes to: for `test_inbox_laws` and benchmarks/fuzz_mail.py."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from automations.core.incoming import Kind, Verdict
from automations.mail.incoming.verdict import read_mail

MOST_SECONDS = 1.0
_WORDS = (
    b"\r\n", b"\n\n", b"\r", b"\0", b"--", b"Content-Type: ", b"multipart/report", b"boundary=b", b"charset=utf-7",
    b"Content-Transfer-Encoding: base64", b"quoted-printable", b"=?utf-8?B?", b"=?x?Q?", b"?=", b"<", b">", b"@",
    b"\xff\xfe", b"message/rfc822", b"message/delivery-status", b"Final-Recipient: rfc822; ", b"Action: failed",
    b"Status: 5.1.1", b"On Mon, 16 Nov 2026 Eva wrote:", b"From: ", b"> ", b"<blockquote>", b"<!--", b"&#x110000;",
    b"550 ", b"5.1.1 ", b"\xe3\x81\x82",
)  # fmt: skip


class Failed(NamedTuple):
    """A mail that was not read as it must be: *what* went wrong, and the number that makes it again."""

    what: str
    number: int


class Fuzzed(NamedTuple):
    """What came of it: how many of each kind, the slowest (seconds, its number), and what failed."""

    kinds: Counter[Kind]
    slowest: tuple[float, int]
    failed: tuple[Failed, ...]


def _flip(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 20)):
        data[dice.randrange(len(data))] = dice.randrange(256)


def _cut(data: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(data))
    del data[start : start + dice.randint(1, max(1, len(data) // 2))]


def _put(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(data) + 1)
        data[place:place] = dice.choice(_WORDS)


def _repeat(data: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(data))
    piece = bytes(data[start : start + dice.randint(1, 60)])
    data[start:start] = piece * dice.choice((2, 10, 200, 2000))


def _swap(data: bytearray, dice: random.Random) -> None:
    lines = data.split(b"\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    data[:] = b"\n".join(lines)


_MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _cut, _put, _put, _repeat, _swap)


def mutated(seeds: Sequence[bytes], seed: int, number: int) -> bytes:
    """Return the mail with this *number*: always the same for the same seeds."""
    dice = random.Random(f"{seed}:{number}")
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.randint(1, 4)):
        if data:
            dice.choice(_MUTATIONS)(data, dice)
    return bytes(data)


def fuzz(seeds: Sequence[bytes], count: int, *, seed: int, until: float = float("inf")) -> Fuzzed:
    """Read *count* mutated mails, or as many as there is time for (*until*, by `time.monotonic`)."""
    kinds: Counter[Kind] = Counter()
    slowest, failed = (0.0, 0), []
    for number in _numbers(count, until):
        data = mutated(seeds, seed, number)
        begin = time.process_time()
        try:
            verdict = read_mail(data)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            failed.append(Failed(f"{type(error).__name__}: {error}", number))
            continue
        took = time.process_time() - begin
        slowest = max(slowest, (took, number))
        failed += [Failed(what, number) for what in _wrong(verdict, took)]
        kinds[verdict.kind] += 1
    return Fuzzed(kinds, slowest, tuple(failed))


def _numbers(count: int, until: float) -> Iterator[int]:
    for number in range(count):
        if time.monotonic() > until:
            return
        yield number


def _wrong(verdict: Verdict, took: float) -> Iterator[str]:
    if took > MOST_SECONDS:
        yield f"it took {took:.2f} seconds"
    if "reading it failed" in verdict.because:
        yield verdict.because
    if not verdict.because:
        yield "it has no reason"

"""How well and how fast what comes back is understood, beside flufl.bounce alone and the standard library alone.

    python benchmarks/inbox.py --corpus ../shared/corpus [--half A|B] [--rounds 3]

Every reader gets the same bytes and parses them itself. Addresses are right when they are those the label names, and
all of them. Times are processor time, the best of several rounds.

What was tried and did not help: mail-parser-reply for the new text (one line of 40 KB keeps it busy for half a
minute, and it leaves quotations standing whose heading is in a language it does not know); asking every phrase by one
regular expression per section; giving an address up for the
words "user unknown" alone (four more found of a hundred, and as many living ones lost).
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from email import message_from_bytes
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from inbox_scores import (  # noqa: E402 - beside the tests, which hold the goals on the same figures
    GROUPS,
    HEAD,
    Finding,
    Labelled,
    Reader,
    Scores,
    labelled_mail,
    mail_of,
    new_texts,
    ours,
    row,
    score,
)


def flufl_alone(data: bytes) -> Finding:
    """Return what flufl.bounce says; nothing where it raises. It calls every permanent failure one of the address."""
    from flufl.bounce import all_failures

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
    try:
        temporary, permanent = all_failures(message_from_bytes(data))
    except Exception:  # noqa: BLE001 - it raises on some mail; that counts as not found
        return Finding(bounce=False)
    found = frozenset(each.decode("ascii", "replace").lower() for each in temporary | permanent)
    if not found:
        return Finding(bounce=False)
    return Finding(bounce=True, addresses=found, permanent=bool(permanent), dead=bool(permanent))


def standard_library(data: bytes) -> Finding:
    """Return what can be read with the standard library alone: a report of RFC 3464, by its Action and Status."""
    with contextlib.suppress(Exception):
        groups = list(_groups(message_from_bytes(data)))
        failed = [each for each in groups if str(each.get("Action", "")).strip().lower() in {"failed", "delayed"}]
        if failed:
            status = str(failed[0].get("Status", "")).strip()
            addresses = frozenset(str(each["Final-Recipient"]).partition(";")[2].strip().lower() for each in failed)
            return Finding(True, addresses, status.startswith("5"), status.startswith("5.1."))
    return Finding(bounce=False)


def _groups(message: Message) -> Iterable[Message]:
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            yield from (
                group for group in part.get_payload() if isinstance(group, Message) and group["Final-Recipient"]
            )


READERS: tuple[tuple[str, Reader], ...] = (
    ("Leadwright", ours),
    ("flufl.bounce", flufl_alone),
    ("standard library", standard_library),
)


def scores(mails: Sequence[Labelled]) -> dict[str, dict[str, Scores]]:
    """Return the scores of every reader, by set."""
    return {
        name: {group: score([each for each in mails if each.group == group], read) for group in GROUPS}
        for name, read in READERS
    }


def table(found: dict[str, dict[str, Scores]]) -> str:
    """Return the scores as a table in Markdown."""
    return "\n".join([*HEAD, *(row(group, name, found[name][group]) for group in GROUPS for name, _ in READERS)])


def per_second(mails: Sequence[bytes], read: Callable[[bytes], object], rounds: int) -> float:
    """Return how many mails are read in a second of processor time: the best of *rounds*."""
    best = 0.0
    for _ in range(rounds):
        begin = time.process_time()
        for data in mails:
            read(data)
        best = max(best, len(mails) / (time.process_time() - begin))
    return best


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--half", choices=("A", "B"), help="only the mail of this half, by a digest of the file's name")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    mails = [each for each in labelled_mail(asked.corpus) if asked.half in {None, each.half}]
    print(table(scores(mails)))
    texts = new_texts(asked.corpus)
    print(f"\nNew text: talon's own {texts.talon}; where two parsers agree {texts.equal},")
    print(f"and {texts.cut} more where we end before a quotation that both leave in.\n")
    bytes_of_all = [mail_of(each) for each in mails]
    speeds = [(name, per_second(bytes_of_all, read, asked.rounds)) for name, read in READERS]
    base = dict(speeds)["flufl.bounce"]
    for name, speed in speeds:
        print(f"{name:18}{speed:8.0f} mails a second  {speed / base:5.2f} x flufl.bounce")


if __name__ == "__main__":
    main()

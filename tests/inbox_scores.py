"""What is known about the mail of the corpus, and how well a reader does on it: pure counting.

`benchmarks/inbox.py` prints the table beside other readers; `test_inbox_corpus.py` holds the goals on the same figures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from automations.core.incoming import Kind
from automations.mail.incoming.new_text import new_text
from automations.mail.incoming.verdict import read_mail

Half = str
"""``A``, whose mail was looked at while the rules were built, ``B``, whose mail was only scored, or "" for both."""

FAILED = frozenset({"hard", "soft5xx", "soft4xx"})
UNDER_BOUNCES = ("sisimai", "flufl", "rjbs")


class Finding(NamedTuple):
    """What a reader says of one mail, in what all readers can say; None where it says nothing.

    *addresses* failed, in lower case; *bounce* whether it is a report of a failure or a delay.
    """

    bounce: bool
    addresses: frozenset[str] = frozenset()
    permanent: bool | None = None
    dead: bool | None = None
    kind: str = ""


Reader = Callable[[bytes], Finding]


class Labelled(NamedTuple):
    """One mail of the corpus and what its labels say; None where they say nothing."""

    group: str
    path: Path
    bounce: bool | None
    addresses: frozenset[str] | None = None
    how_many: int = 1
    permanent: bool | None = None
    dead: bool | None = None
    kind: str | None = None

    @property
    def half(self) -> Half:
        """Return which half of the corpus this mail is in: by its name alone."""
        return half_of(self.path.name)


def seeds(corpus: Path) -> tuple[bytes, ...]:
    """Return the mails of the corpus, to be mutated."""
    files = (*corpus.glob("bounces/*/*"), *corpus.glob("replies/*/*"))
    return tuple(path.read_bytes() for path in sorted(files) if path.suffix != ".json")


def half_of(name: str) -> Half:
    """Return ``A`` or ``B``, by the first bit of a digest of a file's name."""
    return "AB"[hashlib.sha256(name.encode()).digest()[0] & 1]


class Score(NamedTuple):
    """How many of how many, as a share."""

    right: int
    of: int

    @property
    def share(self) -> float:
        """Return the share; 1 of none."""
        return self.right / self.of if self.of else 1.0

    def __str__(self) -> str:
        """Return ``97.1 % (201 of 207)``."""
        return f"{self.share:.1%} ({self.right} of {self.of})" if self.of else "-"


def labelled_mail(corpus: Path) -> tuple[Labelled, ...]:
    """Return all mail of the corpus that a label or its folder says something about."""
    return (*_sisimai(corpus), *_flufl(corpus), *_rjbs(corpus), *_ordinary(corpus))


def _labels(folder: Path) -> Mapping[str, Any]:  # Any: labels of others, as they are
    data: Mapping[str, Any] = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return data


_KINDS = {
    "feedback": (Kind.COMPLAINT,),
    "vacation": (Kind.ABSENCE, Kind.AUTO_REPLY),
    "delivered": (Kind.DELIVERED,),
    "not-a-bounce": (Kind.REPLY, Kind.OTHER),
}


def _sisimai(corpus: Path) -> Iterable[Labelled]:
    folder = corpus / "bounces/sisimai"
    for name, label in _labels(folder).items():
        kind = label["kind"]
        if kind is None:
            continue
        failed = kind in FAILED
        recipients = frozenset(each.lower() for each in label.get("reference_recipients") or ())
        yield Labelled(
            "sisimai",
            folder / name,
            failed,
            recipients or None if failed else None,
            min(len(label["expected"] or ()), len(recipients)),
            kind != "soft4xx" if failed else None,
            kind == "hard" if failed else None,
            kind if not failed else None,
        )


def _flufl(corpus: Path) -> Iterable[Labelled]:
    folder = corpus / "bounces/flufl"
    for name, label in _labels(folder).items():
        if label is not None and label["addresses"]:
            wanted = frozenset(each.lower() for each in label["addresses"])
            yield Labelled("flufl", folder / name, True, wanted, len(wanted))


def _rjbs(corpus: Path) -> Iterable[Labelled]:
    folder = corpus / "bounces/rjbs"
    for name, label in _labels(folder).items():
        if label is not None and "is_bounce" in label:
            wanted = frozenset(each.lower() for each in label.get("addresses") or ())
            # Their parser takes all that it is given for a bounce; where it reports nobody, their mail is plain spam.
            bounce = bool(label["is_bounce"]) and label.get("reports") != 0
            yield Labelled("rjbs", folder / name, bounce, wanted or None, len(wanted))


def _ordinary(corpus: Path) -> Iterable[Labelled]:
    for path in sorted((corpus / "bounces/mikel-mail").iterdir()):
        yield Labelled("ordinary", path, path.name.startswith("multipart_report_emails"))
    for folder in ("talon", "fiedl", "alfonsrv", "crisp-oss", "github", "zapier"):
        for path in sorted((corpus / "replies" / folder).glob("*")):
            if path.suffix in {".eml", ".txt"}:
                yield Labelled("replies", path, False, kind="reply")


class Scores(NamedTuple):
    """How a reader did on one set: all counted by mail."""

    found: Score
    address: Score
    permanent: Score
    precision: Score
    recall: Score
    alarms: Score
    kinds: Score


def mail_of(labelled: Labelled) -> bytes:
    """Return a mail's bytes; a reply that is only a text gets the few header fields of a person's mail."""
    data = labelled.path.read_bytes()
    if labelled.path.suffix != ".txt" or labelled.group != "replies":
        return data
    head = "From: Eva <eva@muster.example>\nTo: anna@shop.example\nSubject: Re: Coffee\n"
    head += "Content-Type: text/plain; charset=utf-8\n\n"
    return head.encode() + data


def score(mails: Iterable[Labelled], read: Reader) -> Scores:
    """Return how *read* does on *mails*."""
    rows = [(each, read(mail_of(each))) for each in mails]
    bounces = [(label, got) for label, got in rows if label.bounce]
    others = [(label, got) for label, got in rows if label.bounce is False]
    addressed = [(label, got) for label, got in bounces if label.addresses]
    lasting = [(label, got) for label, got in bounces if label.permanent is not None]
    mortal = [(label, got) for label, got in rows if label.dead is not None or label.bounce is False]
    return Scores(
        found=_share(bounces, lambda _, got: got.bounce),
        address=_share(addressed, _right_address),
        permanent=_share(lasting, lambda label, got: got.permanent is label.permanent),
        precision=_share([row for row in mortal if row[1].dead], lambda label, _: bool(label.dead)),
        recall=_share([row for row in mortal if row[0].dead], lambda _, got: bool(got.dead)),
        alarms=_share(others, lambda _, got: got.bounce),
        kinds=_share([row for row in rows if row[0].kind], _right_kind),
    )


def _share(rows: list[tuple[Labelled, Finding]], holds: Callable[[Labelled, Finding], bool]) -> Score:
    return Score(sum(holds(*row) for row in rows), len(rows))


def _right_address(label: Labelled, got: Finding) -> bool:
    wanted = label.addresses or frozenset()
    return bool(got.addresses) and got.addresses <= wanted and len(got.addresses) >= label.how_many


def _right_kind(label: Labelled, got: Finding) -> bool:
    return got.kind in _KINDS.get(label.kind or "", (label.kind,))


BOUNCES = frozenset({Kind.FAILURE, Kind.DELAY})


def ours(data: bytes) -> Finding:
    """Return what Leadwright says."""
    verdict = read_mail(data)
    worst = verdict.failure
    return Finding(
        verdict.kind in BOUNCES,
        frozenset(each.address.lower() for each in verdict.failures if each.address),
        worst.permanent if worst else None,
        worst.dead_address if worst else None,
        verdict.kind.value,
    )


class NewText(NamedTuple):
    """How the new text of replies compares: with the authors' own, and with what two other parsers agree on.

    *cut* are those where both others left a quotation and its heading in, and we end right before it.
    """

    talon: Score
    equal: Score
    cut: int


def new_texts(corpus: Path) -> NewText:
    """Return how the new text of the corpus's replies compares."""
    folder = corpus / "replies"
    wanted = json.loads((folder / "talon/expected_reply_text.json").read_text(encoding="utf-8"))
    talon = [read_mail((folder / "talon" / name).read_bytes()).new_text == text for name, text in wanted.items()]
    silver = json.loads((folder / "silver_two_parsers.json").read_text(encoding="utf-8"))
    agreed = [(name, each["mail_parser_reply_1_36"]) for name, each in silver.items() if each["agree"]]
    pairs = [(_stripped(_new_text_of(folder / name)), _stripped(text)) for name, text in agreed]
    cut = sum(1 for got, text in pairs if got and got != text and text.startswith(got + "\n"))
    return NewText(Score(sum(talon), len(talon)), Score(sum(got == text for got, text in pairs), len(pairs)), cut)


def _new_text_of(path: Path) -> str:
    if path.suffix == ".eml":
        return read_mail(path.read_bytes()).new_text
    return new_text(path.read_text(encoding="utf-8", errors="replace"))


def _stripped(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


GROUPS = ("sisimai", "flufl", "rjbs", "ordinary", "replies")
HEAD = (
    "| set | reader | found | address | permanent | dead: precision | dead: recall | false alarms | kind |",
    "|---|---|---|---|---|---|---|---|---|",
)


def row(group: str, name: str, scores: Scores) -> str:
    """Return how a reader did on a set, as a row of the table whose head is `HEAD`; only we tell kinds."""
    alarms = f"{scores.alarms.right} of {scores.alarms.of}" if scores.alarms.of else "-"
    kinds = str(scores.kinds) if name == "Leadwright" else "-"
    cells = map(str, (scores.found, scores.address, scores.permanent, scores.precision, scores.recall))
    return "| " + " | ".join((group, name, *cells, alarms, kinds)) + " |"

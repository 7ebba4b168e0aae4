"""What mails are and why, for a person and for a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from automations.core.incoming import Failure, Verdict
from automations.report.text import SCREEN_WIDTH, count, cut, plain, wrapped

_LABEL = 11
_NEW_TEXT_LINES = 4


class ReadMail(NamedTuple):
    """One mail that was read: its file, what it is, whose it is ("" for nobody's), and by what that is known.

    *colleagues* are the leads at the sender's company, where only the company is known.
    """

    file: str
    verdict: Verdict
    of: str = ""
    matched_by: str = ""
    colleagues: tuple[str, ...] = ()


def inbox_screen(mails: Sequence[ReadMail]) -> str:
    """Return a paragraph for each mail, and how many there are of each kind."""
    if not mails:
        return "No mail there."
    kinds = Counter(mail.verdict.kind.value for mail in mails)
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    last = wrapped([f"{count(len(mails), 'mail')}:", *told.split(" ")], indent=0)
    return "\n\n".join([*(_paragraph(mail) for mail in mails), f"{last}\nNothing was sent or changed."])


def _paragraph(mail: ReadMail) -> str:
    verdict = mail.verdict
    rows = [
        (verdict.kind.value, plain(mail.file)),
        ("from", plain(verdict.sender)),
        ("subject", plain(verdict.subject)),
        ("about", plain(verdict.address) if verdict.address != verdict.sender else ""),
        ("lead", f"{plain(mail.of)}, by {mail.matched_by}" if mail.of else ""),
        ("colleagues", plain(", ".join(mail.colleagues))),
        ("because", plain(verdict.because)),
        ("they said", "; ".join(plain(each.said) for each in verdict.failures if each.said)),
        ("new text", _first_lines(verdict.new_text)),
    ]
    head, *rest = rows
    width = max(_LABEL, len(head[0]) + 2)
    lines = [f"{head[0].ljust(width)}{cut(head[1], SCREEN_WIDTH - width)}"]
    lines += [f"  {name.ljust(_LABEL)}{_broken(text)}" for name, text in rest if text]
    return "\n".join(lines)


def _broken(text: str) -> str:
    return wrapped(text.split(" "), indent=_LABEL + 2)


def _first_lines(text: str) -> str:
    lines = [plain(line) for line in text.splitlines() if line.strip()]
    return " / ".join(lines[:_NEW_TEXT_LINES]) + (" .." if len(lines) > _NEW_TEXT_LINES else "")


def inbox_to_json(mails: Sequence[ReadMail]) -> dict[str, Any]:
    """Return the same for a program; *of* is whose mail it is, *matched_by* how that is known."""
    return {"mails": [mail_to_json(mail) for mail in mails]}


def mail_to_json(mail: ReadMail) -> dict[str, Any]:
    """Return one mail. What does not apply is null; several failed recipients stand under *failures* as well."""
    verdict, worst = mail.verdict, mail.verdict.failure
    return {
        "file": mail.file,
        "kind": verdict.kind.value,
        "of": mail.of or None,
        "address": verdict.address or None,
        "status": worst.status or None if worst else None,
        "permanent": worst.permanent if worst else None,
        "dead_address": worst.dead_address if worst else None,
        "reason": worst.reason.value if worst else None,
        "message_id": next(iter(verdict.message_ids), None),
        "matched_by": mail.matched_by or None,
        "colleagues": list(mail.colleagues),
        "new_text": verdict.new_text or None,
        "because": verdict.because,
        "from": verdict.sender or None,
        "says": verdict.says.value if verdict.says else None,
        "back_on": verdict.back_on.isoformat() if verdict.back_on else None,
        "failures": [_failure(each) for each in verdict.failures],
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "address": failure.address or None,
        "status": failure.status or None,
        "reply": failure.reply or None,
        "permanent": failure.permanent,
        "dead_address": failure.dead_address,
        "reason": failure.reason.value,
        "said": failure.said or None,
    }

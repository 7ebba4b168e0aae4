"""What the ledger costs: commits per email, what planning has to read, what a run has to remember.

    python benchmarks/ledger.py [--leads 100000] [--emails 300]

Every figure is the median of several rounds on the disk that holds this folder's temporary files (TMPDIR).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from automations.core.history import MessageKey, Written
from automations.core.leads import CellChange, CellOutcome, LeadKey, Role, WrittenCell
from automations.core.messages import Hand, Outcome, Outgoing, message_id, message_key
from automations.core.plan import Known, Send
from automations.ledger import Ended
from automations.ledger.sqlite import SqliteLedger, open_ledger
from automations.sending.supply import BATCH

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
REASONS = ("big enough for a machine", "came by referral", "asks for a price", "we deliver there", "fresh")


def known(number: int, *, is_own: bool) -> Known:
    """Return what is known of a lead: one of some 700 states, or, when *is_own*, a state that no other lead has."""
    score = number % 23 * 5
    segment = ("cold", "warm", "hot")[number % 3]
    why = ", ".join(reason for bit, reason in enumerate(REASONS) if number >> bit & 1)
    cells = (score, segment, "New", "nothing planned", f"{why} ({number})" if is_own else why, None)
    return Known(lead(number), score, segment, "New", NOW, Written(tuple(Role), cells))


def lead(number: int) -> LeadKey:
    """Return the key of a lead."""
    return LeadKey(f"person{number:06}@company{number % 977}.example")


def email(number: int) -> tuple[Send, Outgoing]:
    """Return an email of 12 KB, as a newsletter with HTML is."""
    key: MessageKey = message_key("welcome", "welcome-1", lead(number))
    to, subject = str(lead(number)), "Coffee for 80 people?"
    send = Send(lead(number), to, "welcome", "welcome-1", "anna", NOW, subject, "", key, company="Muster AG")
    content = (f"To: {to}\r\n\r\n" + "Good morning\r\n" * 850).encode()
    return send, Outgoing(key, message_id(key, "shop.example"), "anna@shop.example", to, subject, content)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median of how long *work* takes."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_megabytes(work: Callable[[], object]) -> float:
    """Return the most memory that *work* held at one time."""
    tracemalloc.start()
    kept = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return peak / 1e6


def hand_over(ledger: SqliteLedger, run: str, number: int) -> None:
    """Do what an email that is alone costs: three commits."""
    send, message = email(number)
    ledger.reserve(run, [(send, message)], NOW)
    why = ledger.mark(run, message.key, NOW, lambda: "")
    if why:
        raise RuntimeError(why)
    ledger.settle(run, message.key, Outcome(Hand.ACCEPTED, reply="250 ok"), NOW, None)


def hand_over_together(ledger: SqliteLedger, run: str, numbers: range, at_once: int) -> None:
    """Do what emails cost in a run: reserved together, *at_once* of them settled with the marks of the next."""
    ready = [email(number) for number in numbers]
    ledger.reserve(run, ready, NOW)
    ended: list[Ended] = []
    for start in range(0, len(ready), at_once):
        keys = [message.key for _, message in ready[start : start + at_once]]
        if any(ledger.settle_and_mark(run, ended, dict.fromkeys(keys, lambda: ""), NOW).values()):
            raise RuntimeError
        ended = [Ended(key, Outcome(Hand.ACCEPTED, reply="250 ok"), NOW, None) for key in keys]
    ledger.settle_and_mark(run, ended, {}, NOW)


def show(what: str, figure: str) -> None:
    """Print one line of the table."""
    print(f"{what:58} {figure:>16}")


def measure(folder: Path, leads: int, emails: int) -> None:
    """Print every figure."""
    ledger = open_ledger(folder)
    run = ledger.start_run("benchmark", NOW)
    per_email = []
    for number in range(emails):
        start = time.perf_counter()
        hand_over(ledger, run, number)
        per_email.append(time.perf_counter() - start)
    show("an email alone: reserve, mark, settle (3 commits)", f"{statistics.median(per_email) * 1e3:.1f} ms")
    for at_once in (1, 4, 16):
        times = []
        for batch in range(8):
            numbers = range((batch + at_once * 8) * 1000, (batch + at_once * 8) * 1000 + BATCH)
            start = time.perf_counter()
            hand_over_together(ledger, run, numbers, at_once)
            times.append((time.perf_counter() - start) / BATCH)
        show(f"an email of {BATCH}, {at_once} at a time", f"{statistics.median(times) * 1e3:.2f} ms")
    show("commits in one second", f"{3 / statistics.median(per_email):,.0f}")

    for name, is_own in (("few states", False), ("a state each", True)):
        states = [known(number, is_own=is_own) for number in range(leads)]
        show(f"remember {leads:,} leads, {name}, first time", f"{remember(ledger, run, states, 1):.2f} s")
        show(f"remember {leads:,} leads, {name}, nothing new", f"{remember(ledger, run, states, 3):.2f} s")
        show(f"history of {leads:,} leads, {name}", f"{seconds(lambda: ledger.history(NOW), 5):.2f} s")
        show(f"history of {leads:,} leads, {name}, memory", f"{peak_megabytes(lambda: ledger.history(NOW)):.0f} MB")
        del states

    later = NOW + timedelta(minutes=1)
    changes = [
        WrittenCell(CellChange(lead(number), number, header, None, value), CellOutcome.WRITTEN, number)
        for number in range(leads)
        for header, value in (("Score", 50), ("Segment", "warm"), ("Stage", "New"))
    ]
    show(f"record {len(changes):,} cells", f"{seconds(lambda: ledger.cells(run, changes, later), 1):.2f} s")
    ledger.close()
    size = (folder / "ledger.db").stat().st_size / 1e6
    show(f"open it again ({size:.0f} MB, with quick_check)", f"{seconds(lambda: open_ledger(folder).close(), 5):.2f} s")


def remember(ledger: SqliteLedger, run: str, states: list[Known], rounds: int) -> float:
    """Return how long it takes to remember *states*."""
    return seconds(lambda: ledger.remember(run, states, NOW), rounds)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What the ledger costs.")
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--emails", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / ".leadwright", asked.leads, asked.emails)


if __name__ == "__main__":
    main()

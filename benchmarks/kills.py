"""Runs killed with SIGKILL against a mail server that answers 30 % badly, beside a loop without a ledger and mailmerge.

    python benchmarks/kills.py [--kills 500] [--leads 90] [--sent] [--with PYTHON]

Every run of leadwright is killed: at each named point of the program, at a random moment, or a random number of answers
into a talk. After each kill the ledger is compared with the server's own disk, and after the last one a run goes on to
its end. With --sent a second line is about senders whose mail server files a copy of what it takes (a real Dovecot
holds the Sent folder): two more runs, 16 and 32 minutes later, look there for what is in doubt. PYTHON is an
interpreter with mailmerge (``python -m venv peers; peers/bin/pip install mailmerge``): it sends to 40 people in 12
runs, of which six are killed after a random time, and skips whoever its output names as sent.

A run of it, with --kills 50 --leads 60 --sent:

    leadwright                      49 kills   0 twice   0 lost   19 in doubt
    leadwright, Sent folder         48 kills   0 twice   0 lost    0 in doubt
    a loop that notes after                    9 twice of 40
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from crashes import Counters, Kill, bad_day, kills, run_and_kill, shop, stored_messages  # noqa: E402 - found above
from dovecot import Dovecot  # noqa: E402 - the same

from automations.crash import POINTS  # noqa: E402 - the package stands beside the tests
from automations.mail.smtp_sim import SmtpSim, obliging  # noqa: E402

PER_BOOK = 50
FEW = ("--at-most", "3")
PEOPLE = 40


def ours(folder: Path, book: int, planned: list[Kill], leads: int, box: Dovecot | None = None) -> tuple[int, Counters]:
    """Kill the runs of one shop; return how many were hit, and what became of every email."""
    hit = 0
    folder.mkdir()
    with shop(folder, leads, bad_day(book), box, connections=1 + book % 3) as at:
        for kill in planned:
            wanted = kill
            for _ in range(6):
                if run_and_kill(at, wanted, bad_day(book), *FEW):
                    hit += 1
                    break
                wanted = wanted.sooner()
            if box:
                at.file_copies()
            at.check_after_a_kill()
        at.server.script = bad_day(book)
        with at.start("--quiet", "run", "--yes", *FEW) as last:
            last.communicate(timeout=120)
        at.server.settle()
        if box:
            at.server.script = obliging
            for minutes in (16, 32):
                at.file_copies()
                at.run_later(timedelta(minutes=minutes))
        return hit, at.count()


def with_sent(folder: Path, book: int, planned: list[Kill], leads: int) -> tuple[int, Counters]:
    """Do the same where there is a Sent folder."""
    # A folder that any user may look into: Dovecot runs without rights.
    with tempfile.TemporaryDirectory() as name, Dovecot(Path(name), users={"anna": "geheim"}) as box:
        return ours(folder, book, planned, leads, box)


def say_ours(name: str, folder: Path, kill: Callable[..., tuple[int, Counters]], wanted: int, leads: int) -> None:
    """Print what so many kills did to us."""
    hits = people = twice = lost = doubt = 0
    books = max(1, wanted // PER_BOOK)
    for book in range(books):
        each = wanted // books
        planned = kills(POINTS, max(0, each - len(POINTS)), random.Random(book))[:each]
        hit, found = kill(folder / f"{kill.__name__}{book}", book, planned, leads)
        hits, people, doubt = hits + hit, people + leads, doubt + found.in_doubt
        twice, lost = twice + len(found.twice), lost + len(found.claimed) + len(found.untold)
    print(f"{name:<28}{hits:>6}{people:>8}{twice:>7}{lost:>7}{doubt:>9}", flush=True)


def naive(folder: Path) -> Counter[str]:
    """Return how often each message of a loop that notes an email down after sending it was stored."""
    folder.mkdir()
    code = "import naive, sys; naive.main(*sys.argv[1:])"
    with SmtpSim(script=bad_day(0), store=folder / "store") as server:
        for _ in range(12):
            subprocess.run(
                [sys.executable, "-c", code, str(server.port), str(folder)],
                env=os.environ | {"PYTHONPATH": str(TESTS)},
                check=False,
            )
        server.settle()
    return stored_messages(folder / "store")


def mailmerge(folder: Path, python: str) -> Counter[str]:
    """Return how often each person got an email of mailmerge, whose list is made anew after every run."""
    folder.mkdir()
    dice = random.Random(1)
    head = "TO: {{email}}\nSUBJECT: Wheels\nFROM: Anna <anna@shop.example>\nMESSAGE-ID: <{{email}}>\n\n"
    (folder / "mailmerge_template.txt").write_text(f"{head}Good morning\n", encoding="utf-8")
    left = [f"lead{number}@kunde{number}.example" for number in range(PEOPLE)]
    with SmtpSim(script=bad_day(0), store=folder / "store") as server:
        text = f"[smtp_server]\nhost = 127.0.0.1\nport = {server.port}\n"
        (folder / "mailmerge_server.conf").write_text(text, encoding="utf-8")
        for run in range(12):
            (folder / "mailmerge_database.csv").write_text("email\n" + "\n".join(left) + "\n", encoding="utf-8")
            code = (
                "from mailmerge.__main__ import main; main()"  # ``-m mailmerge`` calls it before all of it is defined
            )
            words = [python, "-u", "-c", code, "--no-dry-run", "--no-limit"]
            with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as at:
                try:
                    said, _ = at.communicate(timeout=dice.uniform(0.3, 0.8) if run < 6 else 60)
                except subprocess.TimeoutExpired:
                    at.kill()
                    said, _ = at.communicate()
            done = len(re.findall(r"message \d+ sent", said))
            left = left[done:]
            if not left:
                break
        server.settle()
    return stored_messages(folder / "store")


def say_peer(name: str, stored: Counter[str]) -> None:
    """Print what a sender without a ledger did."""
    twice = sum(times > 1 for times in stored.values())
    print(f"{name:<28}{'-':>6}{len(stored):>8}{twice:>7}{PEOPLE - len(stored):>7}{'-':>9}")


def main() -> None:
    """Print a line for each sender."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--leads", type=int, default=90)
    parser.add_argument("--sent", action="store_true")
    parser.add_argument("--with", dest="python", default="")
    chosen = parser.parse_args()
    print(f"{'':<28}{'kills':>6}{'people':>8}{'twice':>7}{'lost':>7}{'in doubt':>9}")
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as name:  # noqa: S108
        folder = Path(name)
        say_ours("leadwright", folder, ours, chosen.kills, chosen.leads)
        if chosen.sent:
            say_ours("leadwright, Sent folder", folder, with_sent, chosen.kills, chosen.leads)
        say_peer("a loop that notes after", naive(folder / "naive"))
        if chosen.python:
            say_peer("mailmerge", mailmerge(folder / "mailmerge", chosen.python))


if __name__ == "__main__":
    main()

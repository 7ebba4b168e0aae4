"""What a script does that has no ledger: send, and note it down afterwards. Runs in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import smtplib
from pathlib import Path

PEOPLE = 40
KILLED_RUNS = 6
SENT_BEFORE_A_KILL = 5


def main(port: str, folder: str) -> None:
    """Send to everybody who is not in the list yet; the first runs are killed between an email and its note."""
    listed, counted = Path(folder) / "sent.txt", Path(folder) / "runs.txt"
    done = listed.read_text(encoding="utf-8").split() if listed.exists() else []
    run = len(counted.read_text(encoding="utf-8").split()) if counted.exists() else 0
    _note(counted, "run")
    sent = 0
    for number in range(PEOPLE):
        address = f"lead{number}@kunde{number}.example"
        if address in done or not _send(int(port), address):
            continue
        sent += 1
        if run < KILLED_RUNS and sent == SENT_BEFORE_A_KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        _note(listed, address)


def _send(port: int, address: str) -> bool:
    message = f"Message-ID: <{address}>\r\nTo: {address}\r\nSubject: Wheels\r\n\r\nGood morning\r\n"
    with contextlib.suppress(smtplib.SMTPException, OSError):
        server = smtplib.SMTP("127.0.0.1", port, timeout=10)
        try:
            server.sendmail("anna@shop.example", [address], message)
        finally:
            server.close()
        return True
    return False


def _note(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{text}\n")

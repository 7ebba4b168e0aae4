"""Ledgers and emails for tests, and a process of its own that uses them until it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from automations.core.leads import LeadKey
from automations.core.messages import Hand, MessageKey, Outcome, Outgoing, message_id, message_key
from automations.core.plan import Send
from automations.ledger.host import Host

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
EVA = LeadKey("eva@muster.example")
NILS = LeadKey("nils@hafen.example")
ACCEPTED = Outcome(Hand.ACCEPTED, reply="250 2.0.0 queued")

HOST_WITH_ROOM = Host(free_bytes=lambda _folder: 10**9)
"""A machine that believes to have room, so that it is the disk that says no."""

TESTS = Path(__file__).parent


def email(lead: LeadKey = EVA, step: str = "welcome-1", to: str = "") -> tuple[Send, Outgoing]:
    """Return an email of the sequence `welcome` as it is reserved: what is planned, and its bytes."""
    key = message_key("welcome", step, lead)
    address, subject = to or str(lead), "Coffee for 80 people?"
    send = Send(lead, address, "welcome", step, "anna", NOW, subject, "hot", key, company="Muster AG")
    content = f"To: {address}\r\nSubject: {subject}\r\n\r\nGood morning\r\n".encode()
    return send, Outgoing(key, message_id(key, "shop.example"), "anna@shop.example", address, subject, content)


def key_of(lead: LeadKey = EVA, step: str = "welcome-1") -> MessageKey:
    """Return the key of the email that `email` returns."""
    return message_key("welcome", step, lead)


def may_go() -> str:
    """Have nothing against an email: a gate that is open."""
    return ""


def python(code: str, *, under: Sequence[str] = (), **environment: str) -> subprocess.Popen[str]:
    """Start a Python that runs *code*, with pipes on its input and output; *under* is a command it runs under."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    inherited: Mapping[str, str] = os.environ
    return subprocess.Popen(
        [*under, sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**inherited, "PYTHONPATH": path, **environment},
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Let a process end, whatever way it ends; return what it wrote."""
    with process:
        written, _ = process.communicate(timeout=60)
    return written


def hand_over(folder: str) -> None:
    """Take Eva's email all the way, in a process that may be killed on it."""
    from automations.ledger.sqlite import open_ledger  # noqa: PLC0415 - only the killed process opens a file

    ledger = open_ledger(Path(folder))
    with ledger.lock():
        run = ledger.start_run("run", NOW)
        ledger.reserve(run, [email()], NOW)
        ledger.mark(run, key_of(), NOW, may_go)
        ledger.settle(run, key_of(), ACCEPTED, NOW, None)
    ledger.close()

"""The mail server for rehearsals, and what a killed client leaves behind on it."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from test_smtp import QUICK, an_email, mailer, may_go

from automations.core.messages import Hand
from automations.mail.smtp import SmtpMailer
from automations.mail.smtp_sim import Answer, Moment, SmtpSim, bad, script


def test_what_is_taken_is_written_down_before_it_is_confirmed(tmp_path: Path) -> None:
    """The list of accepted messages says for each whether the client heard of it."""
    with (
        SmtpSim(store=tmp_path, script=script({(2, "dot"): Answer(close=True)})) as server,
        mailer(server) as anna,
    ):
        hands = [anna.send(an_email(), may_go).hand for _ in range(2)]

    entries = [json.loads(line) for line in (tmp_path / "accepted.jsonl").read_text().splitlines()]
    assert hands == [Hand.ACCEPTED, Hand.IN_DOUBT]
    assert [(each["message_id"], each["to"], each["heard"]) for each in entries] == [
        ("<a@b.example>", ["eva@muster.example"], True),
        ("<a@b.example>", ["eva@muster.example"], False),
    ]
    assert [path.read_bytes() for path in tmp_path.glob("*.eml")] == [an_email().content]


def test_a_bad_day_can_be_had_again() -> None:
    """The same seed gives the same answers; about the share asked for goes wrong, in every way there is."""
    phases = ["mail", "rcpt", "data", "body", "dot", "quit"]

    def day(seed: int) -> list[tuple[int, str]]:
        weather = bad(0.3, seed)
        return [(n, phase) for n in range(1, 2001) for phase in phases if weather(Moment(phase, 1, n))]

    assert day(7) == day(7)
    assert day(7) != day(8)
    assert 540 <= len(day(7)) <= 660
    assert set(Counter(phase for _, phase in day(7))) == set(phases)


def test_on_a_bad_day_nothing_is_called_accepted_that_is_not_there() -> None:
    """Over 400 messages, half of them badly answered: accepted means stored, refused or deferred means not stored."""
    with SmtpSim(script=bad(0.5, 3)) as server, mailer(server) as anna:
        for number in range(400):
            before = len(server.messages)
            outcome = anna.send(an_email(f"X: {number}\r\n\r\nHello\r\n".encode()), may_go)
            stored = len(server.messages) - before
            assert stored <= 1
            assert outcome.hand is not Hand.ACCEPTED or stored == 1
            assert outcome.hand not in {Hand.DEFERRED, Hand.REFUSED} or stored == 0


def test_the_server_speaks_to_other_clients() -> None:
    """smtplib, as it comes, is served too."""
    with SmtpSim(users={"anna": "right"}) as server, smtplib.SMTP("127.0.0.1", server.port) as client:
        client.noop()
        with pytest.raises(smtplib.SMTPSenderRefused, match="log in first"):
            client.sendmail("a@x.example", "b@x.example", b"early")
        client.login("anna", "right")
        client.sendmail("a@x.example", ["b@x.example", "c@x.example"], b"Subject: x\r\n\r\n.dot\r\n")
        code, _ = client.docmd("WHAT")

    assert code == 500
    assert [(each.recipients, each.content) for each in server.messages] == [
        (("b@x.example", "c@x.example"), b"Subject: x\r\n\r\n.dot\r\n")
    ]


@pytest.mark.parametrize(
    ("point", "stored"), [("before_dot_sent", 0), ("after_dot_sent", 1), ("after_answer", 1)], ids=str
)
def test_a_client_killed_around_the_end_of_a_message(point: str, stored: int) -> None:
    """Before the end nothing arrives; right after it the message arrives although nobody waits for the answer."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from test_smtp import an_email, SmtpMailer\n"
        "SmtpMailer(host='127.0.0.1', port=int(sys.argv[2]), security='none').send(an_email(), lambda: True)"
    )
    environment = os.environ | {"LEADWRIGHT_CRASH_AT": point, "PYTHONPATH": os.pathsep.join(sys.path)}

    with SmtpSim() as server:
        client = subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent), str(server.port)], env=environment, check=False
        )
        server.settle()

    assert client.returncode == -signal.SIGKILL
    assert len(server.messages) == stored


def test_the_server_runs_as_a_program(tmp_path: Path) -> None:
    """It prints its port, and writes down what it takes, until it is told to stop."""
    command = [sys.executable, "-m", "automations.mail.smtp_sim", "--store", str(tmp_path), "--bad", "0", "--seed", "1"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with SmtpMailer(host="127.0.0.1", port=port, security="none", timeouts=QUICK) as anna:
            hand = anna.send(an_email(), may_go).hand
        process.terminate()

    assert hand is Hand.ACCEPTED
    assert len((tmp_path / "accepted.jsonl").read_text().splitlines()) == 1

"""Gmail's own API: a draft tells what became of it, so nothing stays in doubt for long and nothing goes twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from crashes import shop
from test_oauth import message

from automations.core.evidence import Absence, Sighting
from automations.core.history import MessageState
from automations.core.messages import Fault, Hand, Outcome
from automations.errors import MailerOutOfReach
from automations.mail.gmail import GmailMailer
from automations.mail.gmail_sim import Failure, GmailSim
from automations.mail.oauth import keep, token_file
from automations.mail.oauth_sim import TokenSim
from automations.mail.smtp_sim import obliging


class Tokens:
    """Gives token-1, and token-2 when a new one is asked for."""

    def __init__(self) -> None:
        self.fresh = 0

    def __call__(self, fresh: bool) -> str:
        """Return a token."""
        self.fresh += fresh
        return "token-2" if self.fresh else "token-1"


def hand_over(server: GmailSim, drafts: Path, *, may_go: bool = True, number: int = 1) -> Outcome:
    """Hand one email over in a process of its own, as it were."""
    with GmailMailer(Tokens(), drafts, server.url) as mailer:
        return mailer.send(message(number), lambda: may_go)


def test_a_draft_is_made_then_sent(tmp_path: Path) -> None:
    """The very bytes leave, and nothing is kept once that is certain."""
    with GmailSim() as server:
        outcome = hand_over(server, tmp_path)

    assert (outcome.hand, outcome.reply) == (Hand.ACCEPTED, "sent as m-r-1")
    assert server.sent == [message(1).content]
    assert list(tmp_path.iterdir()) == []


def test_the_drafts_name_is_on_the_disk_before_the_gate(tmp_path: Path) -> None:
    """When the gate is asked, what is needed to look the email up later is kept already."""
    seen = []

    def gate() -> bool:
        seen.append((tmp_path / message(1).key).read_text())
        return True

    with GmailSim() as server, GmailMailer(Tokens(), tmp_path, server.url) as mailer:
        mailer.send(message(1), gate)

    assert seen == ["r-1"]


def test_a_no_at_the_gate_takes_the_draft_away(tmp_path: Path) -> None:
    """An email that is held at the last moment leaves no draft behind."""
    with GmailSim() as server:
        outcome = hand_over(server, tmp_path, may_go=False)

    assert outcome.hand is Hand.HELD
    assert (server.sent, server.drafts, list(tmp_path.iterdir())) == ([], {}, [])


FAULTS = {
    "503 after sending": (Failure(503, after_sending=True), Hand.ACCEPTED, 1),
    "no answer after sending": (Failure(0, after_sending=True), Hand.ACCEPTED, 1),
    "503 before sending": (Failure(503), Hand.DEFERRED, 0),
    "no answer before sending": (Failure(0), Hand.DEFERRED, 0),
}


@pytest.mark.parametrize(("failure", "hand", "sent"), FAULTS.values(), ids=FAULTS.keys())
def test_fault_39_drafts_get_decides(failure: Failure, hand: Hand, sent: int, tmp_path: Path) -> None:
    """A 503, or silence: the draft is gone when it was sent, and there when it was not; then it goes again, once."""
    with GmailSim({("send", 1): failure}) as server:
        first = hand_over(server, tmp_path)
        after_first = len(server.sent)
        if first.hand is Hand.DEFERRED:
            hand_over(server, tmp_path)

    assert (first.hand, after_first) == (hand, sent)
    assert server.sent == [message(1).content]
    assert server.calls["create"] == 1


@pytest.mark.parametrize("sending", [True, False], ids=["sent", "not sent"])
def test_fault_39_nobody_answers_any_more(sending: bool, tmp_path: Path) -> None:
    """When drafts.get is silent too, the email is in doubt; the next look settles it."""
    fails = {("send", 1): Failure(503, after_sending=sending), ("get", 1): Failure(0)}
    with GmailSim(fails) as server:
        outcome = hand_over(server, tmp_path)
        with GmailMailer(Tokens(), tmp_path, server.url) as mailer:
            seen = mailer.look_up([(message(1).key, "<1@shop.example>"), (message(2).key, "<2@shop.example>")])

    assert (outcome.hand, outcome.fault) == (Hand.IN_DOUBT, Fault.SERVER)
    found = frozenset({"<1@shop.example>"})
    place = "what Gmail has sent of its drafts"
    assert seen == Sighting(place, found, found if sending else frozenset(), Absence.PROOF)


ANSWERS = {
    "quota": (Failure(403, "rateLimitExceeded"), Hand.DEFERRED, Fault.QUOTA),
    "too many": (Failure(429, "userRateLimitExceeded"), Hand.DEFERRED, Fault.QUOTA),
    "not allowed": (Failure(403, "insufficientPermissions"), Hand.DEFERRED, Fault.ACCOUNT),
    "not an email": (Failure(400, "invalidArgument"), Hand.REFUSED, Fault.CONTENT),
    "broken": (Failure(500), Hand.DEFERRED, Fault.SERVER),
}


@pytest.mark.parametrize(("failure", "hand", "fault"), ANSWERS.values(), ids=ANSWERS.keys())
def test_whose_fault_an_error_is(failure: Failure, hand: Hand, fault: Fault, tmp_path: Path) -> None:
    """Limits, rights and broken servers are told apart, and none of them is the lead's fault."""
    with GmailSim({("create", 1): failure}) as server:
        outcome = hand_over(server, tmp_path)

    assert (outcome.hand, outcome.fault) == (hand, fault)


def test_a_token_that_ended_is_renewed_once(tmp_path: Path) -> None:
    """The API refuses the old token: one new one, and the email leaves; with none accepted, our account is at fault."""
    with GmailSim() as server:
        server.tokens = {"token-2"}
        renewed = hand_over(server, tmp_path)
        server.tokens = set()
        calls = server.calls["create"]
        refused = hand_over(server, tmp_path, number=2)

    assert renewed.hand is Hand.ACCEPTED
    assert (refused.hand, refused.fault) == (Hand.DEFERRED, Fault.ACCOUNT)
    assert server.calls["create"] - calls == 2


def test_only_this_machine_is_asked_in_the_clear(tmp_path: Path) -> None:
    """A token is never sent over a connection that others can read."""
    with pytest.raises(MailerOutOfReach, match="cannot be used without encryption"):
        GmailMailer(Tokens(), tmp_path, "http://gmail.example")


@pytest.mark.parametrize("point", ["before_dot_sent", "after_dot_sent", "before_settle"])
def test_a_killed_run_through_gmail_sends_everything_once(point: str, tmp_path: Path) -> None:
    """Wherever a run is killed, the draft tells the next one what became of it; nobody is asked, nobody gets two."""
    with TokenSim() as google, GmailSim() as server, shop(tmp_path, 4, obliging) as at:
        text = at.config.read_text(encoding="utf-8")
        smtp = next(line for line in text.splitlines() if line.lstrip().startswith("smtp:"))
        at.config.write_text(text.replace(smtp, f"    gmail: {{server: {server.url}}}"), encoding="utf-8")
        keep(token_file(tmp_path / ".leadwright", "anna"), google.google_login())

        with at.start("run", "--yes", crash_at=point) as killed:
            killed.communicate(timeout=60)
        with at.start("run", "--yes") as last:
            out, err = last.communicate(timeout=60)

    assert killed.returncode == -9
    assert (last.returncode, err) == (0, ""), out
    assert len(server.sent) == len(set(server.sent)) == 4
    assert {record.state for record in at.records()} == {MessageState.ACCEPTED}

"""Whom nothing may be sent to: the list, how it grows, how an address comes off it, and forgetting a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ledgers import ACCEPTED, EVA, HOST_WITH_ROOM, NILS, NOW, email, key_of, may_go

from automations.cli import main
from automations.core.effects import CameBack, FolderPlace
from automations.core.history import MessageState, SignalKind
from automations.core.leads import LeadKey
from automations.errors import WrongUsage
from automations.ledger.sqlite import SqliteLedger, open_ledger, open_memory_ledger

REASON = "she asked on the phone"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the sample in it, and stand in it."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--sample", "."]) == 0
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Return how a command ends and what it says."""
    capsys.readouterr()
    code = main(words)
    out = capsys.readouterr()
    return code, (out.out + out.err).strip()


@pytest.mark.usefixtures("folder")
def test_an_address_goes_on_the_list_and_comes_off_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """Added by hand it is listed with its reason; allowed again, it is gone from the list."""
    assert said(capsys, "suppress", "Eva@Muster.example", "--because", "rival")[0] == 0

    code, listed = said(capsys, "suppress", "--json")
    assert (code, [each["address"] for each in json.loads(listed)["suppressed"]]) == (0, ["eva@muster.example"])
    assert said(capsys, "unsuppress", "eva@muster.example", "--because", REASON) == (
        0,
        "eva@muster.example may be written to again: she asked on the phone.",
    )
    assert said(capsys, "suppress") == (0, "Nobody is on the list: everybody may be written to.")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("suppress", "eva"), '"eva" is not an email address: there is no @; nothing was changed'),
        (("unsuppress", "eva@muster.example", "--because", "x"), "eva@muster.example is not on the list"),
        (("unsuppress", "eva@muster.example", "--because", " "), "--because is empty; nothing was changed"),
        (("erase", "eva@muster.example"), "nothing was erased"),
        (("erase", "L-0815", "--yes"), 'nothing is recorded about "L-0815", and it is no email address'),
        (("suppress", "--from", "none.csv"), "none.csv cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str) -> None:
    """A mistake on the command line changes nothing, and says so."""
    code, answer = said(capsys, *words)

    assert (code, sentence in answer) == (2, True)


def test_a_list_from_another_tool_comes_in_and_goes_out_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list with semicolons, a header and a broken row: the good rows count, the broken one is named."""
    (folder / "old.csv").write_text(
        "Name;E-Mail;Reason\nEva;eva@muster.example;complained\nTom;tom@;\n\nAnn;ann@x.example;\n"
    )

    code, answer = said(capsys, "suppress", "--from", "old.csv")

    assert code == 1
    assert answer == (
        'old.csv, row 3: "tom@" is not an email address: nothing stands after the @ (it was left out)\n'
        "2 new addresses from old.csv; 0 were known."
    )
    assert said(capsys, "suppress", "--export", "list.csv") == (0, "2 addresses written to list.csv.")
    rows = (folder / "list.csv").read_text("utf-8").splitlines()
    assert rows[0] == "address,why,since"
    assert [row.rsplit(",", 1)[0] for row in rows[1:]] == [
        "ann@x.example,from the list old.csv",
        "eva@muster.example,complained",
    ]
    assert said(capsys, "suppress", "--from", "list.csv")[1] == "0 new addresses from list.csv; 2 were known."


@pytest.fixture
def ledger() -> SqliteLedger:
    """Return a ledger in which an email to Eva was accepted."""
    ledger = open_memory_ledger(HOST_WITH_ROOM)
    run = ledger.start_run("run", NOW)
    ledger.reserve(run, [email(), email(NILS)], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.settle(run, key_of(), ACCEPTED, NOW, None)
    return ledger


def test_after_an_address_is_allowed_again_old_bounces_do_not_count(ledger: SqliteLedger) -> None:
    """A mailbox that did not exist and now does: the next email may leave, and the lead does not count as bounced."""
    run = ledger.start_run("run", NOW)
    ledger.signal(NILS, SignalKind.BOUNCED, NOW, "550 no such user")
    ledger.suppress(NILS, "address does not exist", NOW)
    assert ledger.mark(run, key_of(NILS), NOW, may_go) == "this address must not be written to: address does not exist"

    ledger.unsuppress("NILS@hafen.example", "the mailbox exists now", NOW.replace(hour=9))

    assert ledger.history(NOW).of(NILS).signals == ()
    assert ledger.mark(run, key_of(NILS), NOW.replace(hour=10), may_go) == ""
    kinds = [(each.facts["what"], each.facts["why"]) for each in ledger.entries(NILS) if each.kind == "suppression"]
    assert kinds == [("suppress", "address does not exist"), ("lift", "the mailbox exists now")]


def test_a_complaint_is_never_lifted(ledger: SqliteLedger) -> None:
    """Who marked an email as spam is not written to again, whatever reason somebody finds."""
    ledger.suppress(EVA, "marked an email as spam", NOW)

    with pytest.raises(WrongUsage, match="and that stays"):
        ledger.unsuppress(EVA, "she will not mind", NOW)

    assert set(ledger.suppressions().by_address) == {EVA}


def test_a_person_is_forgotten_and_never_written_to_again(tmp_path: Path) -> None:
    """After erasing, no file of the ledger holds the name, also of mail nobody could match; it is not mailed again."""
    ledger = open_ledger(tmp_path, HOST_WITH_ROOM)
    run = ledger.start_run("run", NOW)
    ledger.reserve(run, [email(), email(NILS)], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.settle(run, key_of(), ACCEPTED, NOW, None)
    ledger.signal(EVA, SignalKind.REPLIED, NOW, "from eva@muster.example")
    ledger.suppress(EVA, "Eva asked us to stop", NOW)
    lost = CameBack("<1@phone.example>", NOW, EVA, "reply", "a person wrote", new_text="Eva here")
    others = CameBack("<2@hafen.example>", NOW, NILS, "reply", "a person wrote")
    ledger.take_in("anna", "INBOX", FolderPlace(1, 2), [lost, others], NOW)

    erased = ledger.erase("Eva@Muster.example", NOW)

    assert (erased.emails, erased.entries) == (1, 2)
    assert ledger.entries(EVA) == ()
    assert ledger.history(NOW).suppressed.of("EVA@muster.example") is not None
    assert ledger.history(NOW).suppressed.of(NILS) is None
    assert [each.lead_key for each in ledger.history(NOW).messages if each.state is MessageState.RESERVED] == [NILS]
    assert ledger.reserve(ledger.start_run("run", NOW), [email()], NOW) == ()
    ledger.close()
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    assert not any(b"eva@muster" in data.lower() for data in files)
    assert any(b"nils@hafen.example" in data for data in files)


def test_a_lead_with_a_number_for_a_key_is_forgotten_by_it(ledger: SqliteLedger) -> None:
    """Where leads have numbers, the number is enough: the address it was written to is kept from then on."""
    number = LeadKey("L-14")
    ledger.reserve(ledger.start_run("run", NOW), [email(number, to="ann@hafen.example")], NOW)

    erased = ledger.erase("L-14", NOW)

    assert erased.emails == 1
    assert ledger.suppressions().of("ann@hafen.example") is not None


@pytest.mark.usefixtures("folder")
def test_a_person_nobody_knows_is_said_to_be_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the pen is noticed; the address is kept from getting anything all the same."""
    code, answer = said(capsys, "erase", "nobody@muster.example", "--yes")

    assert (code, answer.splitlines()[0]) == (
        0,
        "Nothing was recorded about nobody@muster.example; is it written right? Nothing is sent there again.",
    )

"""Who we are to Google: a robot's key, a person's login, and what is said when neither works."""

from __future__ import annotations

import json
import stat
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from googlesheets import NOW
from test_init import say

from automations.clock import FixedClock, SystemClock
from automations.config import read_config
from automations.errors import SourceOutOfReach
from automations.sources.google.auth import TOKEN_FILE, ask_person, read_key, store_token
from automations.sources.google.client import Time
from automations.sources.google.opening import Connection, open_sheet
from automations.sources.google.ours import NOTHING
from automations.sources.google.source import GoogleSource
from automations.sources.google.tabs import Where
from automations.sources.sheets_sim import UNLIMITED, SheetsServer, SimSpreadsheet, TokenIssuer, TokenServer

__all__ = ["say"]

Answer = Callable[..., tuple[int, str, str]]
ROBOT = "robot@leads-of-bergblick.iam.gserviceaccount.example"
CANARY = "1//a-token-that-nobody-may-see"
ROWS = [["E-Mail", "Name", "Firma"], ["eva@muster.example", "Eva Muster", "Muster AG"]]


class Google:
    """A spreadsheet that asks who we are, and the one who knows."""

    def __init__(self, server: SheetsServer, tokens: TokenServer, world: SimSpreadsheet) -> None:
        self.server, self.tokens, self.world = server, tokens, world

    def source(self, key: Path | str | None, state: Path, time: Time | None = None) -> GoogleSource:
        """Return a source that logs in with a key."""
        connection = Connection(self.world.spreadsheet_id, self.server.url, key, state, on_this_machine=True)
        return open_sheet(connection, Where("Leads", None), time or FixedClock(NOW), NOTHING)


@pytest.fixture
def google() -> Iterator[Google]:
    """Give a server that takes tokens of one robot and one person."""
    issuer = TokenIssuer(accounts=[ROBOT], refresh_tokens=[CANARY])
    world = SimSpreadsheet.from_rows({"Leads": ROWS}, bot=ROBOT)
    with TokenServer(issuer) as tokens, SheetsServer(world, tokens=issuer, quotas=UNLIMITED) as server:
        yield Google(server, tokens, world)


@pytest.fixture(scope="module")
def secret() -> str:
    """Return a private key, made for these tests."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def robot_key(google: Google, secret: str, **others: str) -> str:
    """Return the text of a robot's key file."""
    content = {
        "type": "service_account",
        "client_email": ROBOT,
        "private_key": secret,
        "private_key_id": "1",
        "token_uri": google.tokens.token_uri,
    }
    return json.dumps(content | others)


def app_key(google: Google) -> str:
    """Return the text of an app's key file."""
    uris = {"auth_uri": google.tokens.auth_uri, "token_uri": google.tokens.token_uri}
    return json.dumps({"installed": {"client_id": "app", "client_secret": "s", "redirect_uris": [], **uris}})


def person_token(google: Google, refresh: str = CANARY) -> str:
    """Return the text of a login that was kept."""
    return json.dumps(
        {
            "token": None,
            "refresh_token": refresh,
            "token_uri": google.tokens.token_uri,
            "client_id": "app",
            "client_secret": "s",
        }
    )


def key_file(folder: Path, text: str) -> Path:
    """Write a key for our eyes only."""
    path = folder / "google-key.json"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path


def test_a_robot_reads_with_its_key(google: Google, secret: str, tmp_path: Path) -> None:
    """A robot's key opens the sheet, from a file as from a secret, for spreadsheets only, with one token for a run."""
    from_file = google.source(key_file(tmp_path, robot_key(google, secret)), tmp_path)
    from_text = google.source(robot_key(google, secret), tmp_path)

    for source in (from_file, from_text):
        assert len(list(source.read(["E-Mail"]).rows)) == 1
        source.read(["E-Mail"])
    assert len(google.tokens.issuer.grants) == 2


def test_a_token_that_runs_out_is_renewed(google: Google, secret: str, tmp_path: Path) -> None:
    """Fault 38: a token that expires in the middle of a run is renewed, once, without a word."""
    source = google.source(robot_key(google, secret), tmp_path)
    source.read(["E-Mail"])
    google.tokens.issuer.expire()

    assert len(list(source.read(["E-Mail"]).rows)) == 1
    assert len(google.tokens.issuer.grants) == 2


def refusal(source: GoogleSource) -> SourceOutOfReach:
    """Return what a read says."""
    with pytest.raises(SourceOutOfReach) as error:
        source.read(["E-Mail"])
    return error.value


def test_a_deleted_robot(google: Google, secret: str, tmp_path: Path) -> None:
    """A key that Google does not know any more is named by its address, and never shown."""
    error = refusal(google.source(robot_key(google, secret, client_email="gone@x.example"), tmp_path))

    assert error.what == "Google does not accept the key of gone@x.example: it was deleted or turned off"
    assert secret.splitlines()[1] not in f"{error}{error.__cause__}{error.__context__ and ''}"


def test_a_login_of_an_app_in_testing(google: Google, tmp_path: Path) -> None:
    """After seven days Google forgets a login to an app in testing: what to do is said, the token is not."""
    store_token(person_token(google, "1//forgotten"), tmp_path / TOKEN_FILE)

    error = refusal(google.source(app_key(google), tmp_path))

    assert error.what.startswith("your login to Google is over: an app in testing is forgotten after 7 days")
    assert error.fix == ("log in again:  leadwright connect google   (for good: set the app to In production)")
    assert 'forgotten"' not in f"{error.what}{error.fix}"


def test_a_person_who_logged_in(google: Google, tmp_path: Path) -> None:
    """A login that was kept opens the sheet; the file is for our eyes only, and replaced as a whole."""
    store_token("old", tmp_path / "state" / TOKEN_FILE)
    store_token(person_token(google), tmp_path / "state" / TOKEN_FILE)

    assert len(list(google.source(app_key(google), tmp_path / "state").read(["E-Mail"]).rows)) == 1
    assert stat.S_IMODE((tmp_path / "state" / TOKEN_FILE).stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "state").iterdir()] == [TOKEN_FILE]


def test_nobody_logged_in_yet(google: Google, tmp_path: Path) -> None:
    """With an app's key and no login the command to log in is named."""
    with pytest.raises(SourceOutOfReach) as error:
        google.source(app_key(google), tmp_path)

    assert (error.value.what, error.value.fix) == (
        "you have not logged in to Google yet",
        "do it once:  leadwright connect google",
    )


def test_a_person_logs_in_with_the_browser(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page of Google is shown, the person says yes, and what comes back is a login that works."""
    # The page is on this machine; oauthlib insists on https for all others.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    kept: list[str] = []
    key = read_key(app_key(google), "google-key.json")
    asking = threading.Thread(target=lambda: kept.append(ask_person(key, open_browser=False)))
    asking.start()
    clock, shown = SystemClock(), ""
    while "http://" not in shown and asking.is_alive():
        shown += capsys.readouterr().out
        clock.sleep(NOW - NOW)
    address = next(word for word in shown.split() if word.startswith("http://"))
    with urllib.request.urlopen(address, timeout=10) as page:  # noqa: S310 - it begins with http://
        said = page.read().decode()
    asking.join(10)
    store_token(kept[0], tmp_path / TOKEN_FILE)

    assert said == "Done. You can close this page and go back to the terminal."
    assert "scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fspreadsheets&" in address
    assert len(list(google.source(app_key(google), tmp_path).read(["E-Mail"]).rows)) == 1


NO_KEYS = ["", "{}", "[]", "not json", '{"type": "something else"}', '{"installed": 5}']


@pytest.mark.parametrize("text", NO_KEYS)
def test_a_file_that_is_no_key(text: str) -> None:
    """What is no key is named, and not shown."""
    with pytest.raises(SourceOutOfReach, match=r"^google-key\.json is not a key of Google's$"):
        read_key(text, "google-key.json")


def test_a_damaged_key_is_not_shown(google: Google, tmp_path: Path) -> None:
    """A key with half of its secret missing is named without any of it."""
    with pytest.raises(SourceOutOfReach) as error:
        google.source(robot_key(google, "-----BEGIN PRIVATE KEY-----\nCANARY"), tmp_path)

    assert "damaged" in error.value.what
    assert "CANARY" not in f"{error.value.what}{error.value.fix}"
    assert error.value.__cause__ is None


def test_a_sheet_that_is_not_shared_names_the_address(google: Google, secret: str, tmp_path: Path) -> None:
    """The one thing to do stands in the sentence: whom to share the sheet with."""
    google.world.unshare()

    error = refusal(google.source(robot_key(google, secret), tmp_path))

    assert error.what == f"the Google Sheet is not shared with {ROBOT}"
    assert error.fix == f"open the sheet, press Share, and add {ROBOT} as Editor"


def test_no_network(secret: str, google: Google, tmp_path: Path) -> None:
    """Without a network the server that does not answer is named, after five minutes of waiting at the most."""
    clock = FixedClock(NOW)
    nobody = Connection("1AbC", "http://127.0.0.1:9", None, tmp_path, on_this_machine=True)

    error = refusal(open_sheet(nobody, Where("Leads", None), clock, NOTHING))

    assert (error.what, error.fix) == ("127.0.0.1:9 does not answer", "is this machine online? then run again")
    assert clock.elapsed().total_seconds() <= 300
    del secret, google


def test_init_asks_for_the_link_and_says_whom_to_share_with(
    google: Google, secret: str, tmp_path: Path, say: Answer
) -> None:
    """With a Google Sheet init prints the address, waits, tests, and writes the link with the tab's number."""
    key_file(tmp_path, robot_key(google, secret))
    google.world.unshare()
    seen = 0

    def share(world: SimSpreadsheet, upcoming: object) -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            world.share()
        del upcoming

    google.server.between(share)
    link = f"https://docs.google.com/spreadsheets/d/{google.world.spreadsheet_id}/edit"

    code, out, err = say(
        "init",
        "--endpoint",
        google.server.url,
        typed=f"Bob\n1\n{link}\n\n\nbob@bread.example\nMarkt 1, Kiel\n\ny\n",
    )

    assert (code, err) == (0, "")
    assert f"  {ROBOT}\n" in out
    assert f"the Google Sheet is not shared with {ROBOT}\n" in out
    assert 'It works: the Google Sheet "Leads" can be read.' in out
    config = (tmp_path / "config.yaml").read_text("utf-8")
    assert f"  google_sheet: {link}#gid=0\n" in config.replace('"', "")
    assert f'  endpoint: "{google.server.url}"\n' in config
    assert google.world.values("Leads!A1:I1")[0][3:] == [
        "Score",
        "Segment",
        "Stage",
        "Next step",
        "Why",
        "Email status",
    ]
    assert say("plan")[0] == 0
    connected = say("connect", "google")
    assert connected[0] == 0
    assert ROBOT in connected[1]


def test_init_without_a_key_names_the_page(say: Answer, tmp_path: Path) -> None:
    """Without a key nothing is made, and the page that tells how to get one is named."""
    code, _, err = say("init", typed="Bob\n1\nhttps://docs.google.com/spreadsheets/d/1AbCdE/edit\n")

    assert code == 2
    assert "there is no key at google-key.json; nothing was made" in err
    assert "docs/google-sheets.md tells how to get one" in err
    assert not (tmp_path / "config.yaml").exists()


CONFIG = """business: {{name: B, address: "x, y", timezone: Europe/Berlin}}
leads:
  google_sheet: https://docs.google.com/spreadsheets/d/1AbCdEfG/edit?gid=7#gid=7
  columns: {{email: Email}}
google: {{{google}}}
segments: {{cold: everything else}}
senders: {{a: {{from: a@b.example}}}}
"""

WRONG = [
    (
        "credentials: none",
        ("5:23", "google: credentials: none is only for a server on this very machine", "write the file of a key"),
    ),
    (
        "endpoint: http://gateway.example, credentials: $GOOGLE_KEY",
        ("5:20", "google: everybody on the way to gateway.example could read your leads and our key", "write https://"),
    ),
    (
        "endpoint: https://u:p@gateway.example, credentials: $GOOGLE_KEY",
        ("5:20", "google: this is not the address of a server", "write it like https://sheets.shop.example"),
    ),
    (
        "credentials: shared.json",
        ("5:23", "google: every user of this machine can read the key in shared.json", "run  chmod 600 shared.json"),
    ),
    (
        "credentials: AIzaSyD-1234567890",
        (
            "5:23",
            "google: a key does not belong in this file",
            "save it as google-key.json beside config.yaml, and write  google-key.json  here",
        ),
    ),
]


@pytest.mark.parametrize(("google", "found"), WRONG, ids=["nobody", "http", "password", "readable", "key in file"])
def test_what_is_wrong_under_google_is_named_with_its_place(
    google: str, found: tuple[str, str, str], tmp_path: Path
) -> None:
    """Each mistake has its place and remedy; a line with a secret in it is not shown."""
    (tmp_path / "shared.json").write_text("{}", "utf-8")
    (tmp_path / "shared.json").chmod(0o644)
    (tmp_path / "config.yaml").write_text(CONFIG.format(google=google), "utf-8")

    _, problems, _ = read_config(tmp_path / "config.yaml", {"GOOGLE_KEY": "{}"})

    assert [(":".join(each.where.rsplit(":", 2)[1:]), each.what, each.under) for each in problems] == [found]
    if "secret" in found[1] or "AIza" in google or "u:p" in google:
        assert all(each.place is None or each.place.text == "" for each in problems)


def test_a_key_may_have_several_lines(tmp_path: Path) -> None:
    """Systemd hands over the key file as it is: a secret for Google may have line breaks, a password may not."""
    (tmp_path / "config.yaml").write_text(CONFIG.format(google="credentials: $GOOGLE_KEY"), "utf-8")
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "GOOGLE_KEY").write_text('{\n "type": "service_account"\n}\n', "utf-8")

    config, problems, _ = read_config(tmp_path / "config.yaml", {"CREDENTIALS_DIRECTORY": str(folder)})

    assert problems == ()
    assert config is not None
    assert "service_account" not in repr(config.source)

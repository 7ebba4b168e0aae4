"""gspread and google-auth themselves, unchanged, against the local server: what others' clients expect of Google."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import gspread
import pytest
import requests
from google.auth import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.crypt import RSAVerifier
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.credentials import Credentials as PersonCredentials
from google.oauth2.service_account import Credentials as RobotCredentials
from requests.adapters import HTTPAdapter
from sheets import LEADS, leads, served

from automations.sources.sheets_sim import SheetsServer, SimSpreadsheet, TokenIssuer, TokenServer
from automations.sources.sheets_sim.drive import DriveFacade

ROBOT = "robot@leads.example"
SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]


class ToLocalServer(HTTPAdapter):
    """Sends what is meant for Google to the server on this machine. requests takes such an adapter for a prefix."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401
        """Change where a request goes, and nothing else."""
        split = urlsplit(request.url or "")
        request.url = f"{self._url}{split.path}" + (f"?{split.query}" if split.query else "")
        return super().send(request, *args, **options)


def towards(server: SheetsServer, session: requests.Session) -> requests.Session:
    """Mount the adapter for Google's two addresses."""
    for prefix in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
        session.mount(prefix, ToLocalServer(server.url))
    return session


def client_of(session: requests.Session) -> gspread.Client:
    """Return gspread's client over a session of ours, which knows the credentials if any are needed."""
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return gspread.Client(auth=nobody, session=session)


@pytest.fixture
def world() -> SimSpreadsheet:
    """Return the leads."""
    return leads()


@pytest.fixture
def book(world: SimSpreadsheet) -> Iterator[gspread.Spreadsheet]:
    """Return the spreadsheet as gspread opens it by its key."""
    with served(world) as server, requests.Session() as session:
        server.service.facades.append(DriveFacade(server.service))
        client = client_of(towards(server, session))
        yield client.open_by_key(world.spreadsheet_id)


def test_reading(book: gspread.Spreadsheet) -> None:
    """Rows, single cells, records and finds come back as gspread gives them."""
    tab = book.worksheet("Leads")

    assert (book.title, tab.row_count, tab.col_count) == ("Leads", 1000, 26)
    assert tab.get("A1:D2") == [
        ["Email", "Name", "Score", "Segment"],
        ["eva@muster.example", "Eva Muster", "80", "hot"],
    ]
    assert tab.acell("C3").value == "20"
    assert tab.get_all_records()[2] == {
        "Email": "ana@costa.example",
        "Name": "Ana Costa",
        "Score": 45,
        "Segment": "warm",
    }
    assert [cell.address for cell in tab.findall("Eva Muster")] == ["B2"]
    assert tab.col_values(4) == ["Segment", "hot", "cold", "warm"]


def test_writing(book: gspread.Spreadsheet, world: SimSpreadsheet) -> None:
    """Updates of one range and of many, and rows added below, arrive in their cells."""
    tab = book.sheet1

    tab.update([[81, "hotter"]], "C2:D2")
    tab.batch_update([{"range": "C3", "values": [[21]]}, {"range": "C4:D4", "values": [[46, "warmer"]]}])
    tab.append_rows([["ali@demir.example", "Ali Demir", 5, "cold"], ["mei@lin.example", "Mei Lin", 6, "cold"]])
    tab.update_acell("E2", "=C2*2")

    assert world.values("Leads!C2:E6") == [
        [81, "hotter", 162],
        [21, "cold"],
        [46, "warmer"],
        [5, "cold"],
        [6, "cold"],
    ]


def test_rearranging(book: gspread.Spreadsheet, world: SimSpreadsheet) -> None:
    """Tabs come and go, rows are sorted, inserted and deleted."""
    tab = book.sheet1

    tab.sort((3, "asc"), range="A2:D4")
    tab.delete_rows(2)
    tab.insert_row(["ali@demir.example"], index=2)
    made = book.add_worksheet("Mirror", rows=10, cols=4)
    made.update([["x"]], "A1")
    made.update_title("Bob's")
    tab.freeze(rows=1)

    assert world.values("Leads!A1:A4") == [
        ["Email"],
        ["ali@demir.example"],
        ["ana@costa.example"],
        ["eva@muster.example"],
    ]
    assert [each.title for each in book.worksheets()] == ["Leads", "Bob's"]
    assert book.worksheet("Bob's").acell("A1").value == "x"
    book.del_worksheet(made)
    assert [each.title for each in world.state.sheets] == ["Leads"]


def test_notes_protections_and_looks(book: gspread.Spreadsheet, world: SimSpreadsheet) -> None:
    """Notes are kept with their cell, protections with who may edit, and formats and merges are taken."""
    tab = book.sheet1

    tab.update_note("C2", "80: big enough for a machine")
    tab.add_protected_range("C1:D9", [ROBOT], description="ours")
    tab.format("A1:D1", {"textFormat": {"bold": True}})
    tab.merge_cells("F1:G1")
    tab.add_validation("D2:D4", gspread.utils.ValidationConditionType.one_of_list, ["hot", "warm"], showCustomUi=True)

    assert tab.get_note("C2") == "80: big enough for a machine"
    assert world.cell("C2").note == "80: big enough for a machine"
    protected = book.fetch_sheet_metadata()["sheets"][0]["protectedRanges"][0]
    assert (protected["description"], protected["editors"]["users"]) == ("ours", [ROBOT, world.bot])
    tab.delete_protected_range(protected["protectedRangeId"])
    assert "protectedRanges" not in book.fetch_sheet_metadata()["sheets"][0]
    assert world.cell("A1").style == {"textFormat": {"bold": True}}
    assert [row[0] for row in world.values("Leads!A1:A4")] == [row[0] for row in LEADS]


def test_a_refusal_is_gspreads_own_error(book: gspread.Spreadsheet) -> None:
    """What is refused comes out as gspread's APIError, with Google's words."""
    with pytest.raises(gspread.exceptions.APIError) as caught:
        book.values_get("Nobody!A1")

    assert caught.value.code == 400
    assert caught.value.error["message"] == "Unable to parse range: Nobody!A1"


def test_files_are_made_listed_copied_and_deleted(world: SimSpreadsheet) -> None:
    """A client creates a file, finds it by name, copies it and deletes it."""
    with served(world) as server, requests.Session() as session:
        server.service.facades.append(DriveFacade(server.service))
        client = client_of(towards(server, session))
        made = client.create("Fresh")
        made.sheet1.update([["x"]], "A1")
        copy = client.copy(made.id, title="Fresh copy")

        assert [each["name"] for each in client.list_spreadsheet_files()] == ["Fresh copy", "Fresh", "Leads"]
        assert client.open("Fresh copy").sheet1.acell("A1").value == "x"
        client.del_spreadsheet(copy.id)
        with pytest.raises(gspread.exceptions.SpreadsheetNotFound):
            client.open("Fresh copy")


@pytest.fixture(scope="session")
def key() -> tuple[str, str]:
    """Return a private key and its public half, as PEM."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - google-auth brings it
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - as above

    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def robot(key: tuple[str, str], token_uri: str, address: str = ROBOT) -> RobotCredentials:
    """Return a service account's credentials as its file would give them."""
    info = {"client_email": address, "token_uri": token_uri, "private_key": key[0], "type": "service_account"}
    made: RobotCredentials = RobotCredentials.from_service_account_info(info, scopes=SCOPES)  # type: ignore[no-untyped-call]
    return made


def verifying(key: tuple[str, str]) -> TokenIssuer:
    """Return an issuer that knows the robot and checks its signatures."""
    verifier = RSAVerifier.from_string(key[1])  # type: ignore[no-untyped-call]
    return TokenIssuer(
        accounts=[ROBOT], verify=lambda signed, signature, _who: bool(verifier.verify(signed, signature))
    )


def test_a_service_account_signs_in(world: SimSpreadsheet, key: tuple[str, str]) -> None:
    """google-auth gets a token for the robot, uses it, and gets another when the server takes it no more."""
    issuer = verifying(key)

    with TokenServer(issuer) as tokens, served(world, tokens=issuer) as server:
        session = towards(server, AuthorizedSession(robot(key, tokens.token_uri)))  # type: ignore[no-untyped-call]
        client = client_of(session)
        title = client.open_by_key(world.spreadsheet_id).title
        issuer.expire()
        again = client.open_by_key(world.spreadsheet_id).title
        session.close()

    assert (title, again) == ("Leads", "Leads")
    assert len(issuer.grants) == 2
    assert [each.status for each in server.calls] == [200, 401, 200]


def test_a_stranger_does_not_sign_in(key: tuple[str, str]) -> None:
    """An account that nobody knows, or a wrong signature, gets no token."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - google-auth brings it
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - as above

    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    with TokenServer(verifying(key)) as tokens:
        for credentials, words in (
            (robot(key, tokens.token_uri, "nobody@leads.example"), "account not found"),
            (robot((other.decode(), ""), tokens.token_uri), "Invalid JWT Signature"),
        ):
            with pytest.raises(exceptions.RefreshError, match=words):
                credentials.refresh(Request())  # type: ignore[no-untyped-call]


def test_a_persons_consent_can_end(world: SimSpreadsheet) -> None:
    """A person's refresh token gives access until it is revoked; then Google says invalid_grant."""
    issuer = TokenIssuer(refresh_tokens=["1//anna"])

    with TokenServer(issuer) as tokens, served(world, tokens=issuer) as server:
        person = PersonCredentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token="1//anna",  # noqa: S106 - of nobody
            token_uri=tokens.token_uri,
            client_id="app",
            client_secret="hush",  # noqa: S106 - of nobody
            scopes=SCOPES,
        )
        session = towards(server, AuthorizedSession(person))  # type: ignore[no-untyped-call]
        status = session.get(f"https://sheets.googleapis.com/v4/spreadsheets/{world.spreadsheet_id}").status_code
        issuer.expire()
        issuer.revoke("1//anna")
        with pytest.raises(exceptions.RefreshError) as caught:
            session.get(f"https://sheets.googleapis.com/v4/spreadsheets/{world.spreadsheet_id}")
        session.close()

    assert status == 200
    assert caught.value.args[1] == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }


def test_a_browser_agrees_at_once() -> None:
    """The page of consent sends the browser back with a code, which is good for one token and a refresh token."""
    issuer = TokenIssuer()
    form = {"client_id": "app", "client_secret": "hush", "grant_type": "authorization_code"}

    with TokenServer(issuer) as tokens:
        page = requests.get(
            tokens.auth_uri,
            {"redirect_uri": "http://127.0.0.1:1/", "state": "s"},
            allow_redirects=False,
            timeout=10,
        )
        code = dict(pair.split("=") for pair in urlsplit(page.headers["Location"]).query.split("&"))["code"]
        form["code"] = unquote(code)
        first = requests.post(tokens.token_uri, form, timeout=10)
        second = requests.post(tokens.token_uri, form, timeout=10)

    assert (page.status_code, first.status_code, second.status_code) == (302, 200, 400)
    assert {"access_token", "refresh_token", "expires_in", "token_type"} <= set(json.loads(first.text))
    assert second.json()["error"] == "invalid_grant"


def test_a_refusal_of_the_sign_in_can_be_scripted(key: tuple[str, str]) -> None:
    """Any OAuth error can be given to the next request for a token."""
    issuer = verifying(key)
    issuer.refuse("admin_policy_enforced", "This app is blocked.")

    with TokenServer(issuer) as tokens, pytest.raises(exceptions.RefreshError, match="admin_policy_enforced"):
        robot(key, tokens.token_uri).refresh(Request())  # type: ignore[no-untyped-call]

"""Traffic with Google that gspread's maintainers recorded, played again to the local server.

    PYTHONPATH=.:tests python tests/cassettes.py        prints how many exchanges replay, by endpoint

An exchange replays when status and body are the same. Of the body three things are not compared as they stand: names
that Google gives (`IDENTITIES`) must be the same wherever they come again; moments (`MOMENTS`) must only be there; and
widths measured with Google's own fonts (`MEASURED`) must only be there.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from corpus import corpus_files

from automations.sources.sheets_sim import UNLIMITED, SheetsService, SimSpreadsheet
from automations.sources.sheets_sim.drive import DriveFacade

IDENTITIES = frozenset({"id", "spreadsheetId", "sheetId", "protectedRangeId", "namedRangeId", "users"})
MOMENTS = frozenset({"createdTime", "modifiedTime"})
MEASURED = frozenset({"pixelSize"})

NOT_COMPARED = frozenset({"PUT /upload/drive/v2/files/{id}"})
"""Calls that are carried out and whose answer has less in it than Google's; counted as not implemented."""

_ID = re.compile(r"/(spreadsheets|files)/[^/:?]+")


class Exchange(NamedTuple):
    """One recorded request and its answer."""

    method: str
    uri: str
    request: Any  # JSON, text or None
    status: int
    response: Any  # JSON or text

    @property
    def endpoint(self) -> str:
        """Return the call without its ids, ranges and query."""
        path = _ID.sub(r"/\1/{id}", urlsplit(self.uri).path)
        return f"{self.method} " + re.sub(r"/values/.+?(?=:append|:clear|$)", "/values/{range}", path)


class Verdict(NamedTuple):
    """What came of one exchange: its differences, or none; *compared* is whether the bodies were."""

    exchange: Exchange
    differences: tuple[str, ...]
    compared: bool


def cassettes() -> tuple[Path, ...]:
    """Return the recorded sessions; none where the corpus is absent."""
    return corpus_files("sheets-api/gspread-cassettes/*.json")


def exchanges(cassette: Path) -> tuple[Exchange, ...]:
    """Return what was said in one session, in order."""
    recorded = json.loads(cassette.read_text(encoding="utf-8"))
    return tuple(
        Exchange(each["method"], each["uri"], each["request"], each["status"]["code"], each["response"])
        for each in recorded
    )


def replay(cassette: Path) -> Iterator[Verdict]:
    """Play one session to a server of its own."""
    session = exchanges(cassette)
    service = SheetsService(quotas=UNLIMITED)
    service.facades.append(DriveFacade(service))
    names: dict[object, object] = {}
    for each in session:
        _set_the_stage(service, session, each)
        split = urlsplit(_renamed_text(each.uri, names))
        reply = service.handle(each.method, f"{split.path}?{split.query}", _octets(_renamed(each.request, names)))
        compared = each.endpoint not in NOT_COMPARED
        found = [] if reply.status == each.status else [f"status {reply.status}, recorded {each.status}"]
        if compared:
            found += differences(each.response, json.loads(reply.body) if reply.body else "", names)
        yield Verdict(each, tuple(found), compared)


def _set_the_stage(service: SheetsService, session: tuple[Exchange, ...], upcoming: Exchange) -> None:
    """Put the spreadsheets on the server that others had made before a call: those it lists, or that it may not see.

    Those that the session made itself stand before them, as in every list of Drive's: the newest is the first.
    """
    made = {each.response["id"] for each in session if each.method == "POST" and "/drive/v3/files" in each.uri}
    titles = {each.response["spreadsheetId"]: each.response["properties"]["title"] for each in session if _is_get(each)}
    others = [file for file in _listed(upcoming) if file["id"] not in made]
    if others:
        own = {key: world for key, world in service.worlds.items() if key.startswith("1Made")}
        worlds = (_empty(file["id"], titles.get(file["id"], file["name"])) for file in reversed(others))
        service.worlds = {**{world.spreadsheet_id: world for world in worlds}, **own}
    if upcoming.status == 403:
        hidden = _empty(upcoming.uri.partition("/spreadsheets/")[2].partition("?")[0], "Private")
        hidden.unshare()
        service.worlds[hidden.spreadsheet_id] = hidden


def _empty(spreadsheet_id: str, title: str) -> SimSpreadsheet:
    return SimSpreadsheet.from_rows({"Sheet1": []}, spreadsheet_id=spreadsheet_id, title=title)


def _listed(each: Exchange) -> list[dict[str, Any]]:
    return each.response.get("files", []) if isinstance(each.response, dict) else []


def _is_get(each: Exchange) -> bool:
    return isinstance(each.response, dict) and {"spreadsheetId", "properties"} <= set(each.response)


def _octets(request: Any) -> bytes:  # noqa: ANN401 - any JSON
    if request is None:
        return b""
    return request.encode() if isinstance(request, str) else json.dumps(request).encode()


def _renamed(value: Any, names: dict[object, object], key: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Return a recorded request with the names that our server gave in place of Google's."""
    if isinstance(value, dict):
        return {name: _renamed(each, names, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names, key) for each in value]
    return names.get(value, value) if key in IDENTITIES else value


def _renamed_text(text: str, names: dict[object, object]) -> str:
    for recorded, ours in names.items():
        if isinstance(recorded, str) and len(recorded) > 20:
            text = text.replace(recorded, str(ours))
    return text


def differences(recorded: Any, ours: Any, names: dict[object, object], path: str = "") -> list[str]:  # noqa: ANN401
    """Return where our answer differs from the recorded one; *names* learns what Google's names are called here."""
    if isinstance(recorded, dict) and isinstance(ours, dict) and set(recorded) == set(ours):
        return [found for key in recorded for found in differences(recorded[key], ours[key], names, f"{path}.{key}")]
    if isinstance(recorded, list) and isinstance(ours, list) and len(recorded) == len(ours):
        pairs = enumerate(zip(recorded, ours, strict=True))
        return [found for index, pair in pairs for found in differences(*pair, names, f"{path}[{index}]")]
    key = re.sub(r"\[\d+\]$", "", path).rpartition(".")[2]
    if key in MOMENTS | MEASURED:
        return []
    expected = names.setdefault(recorded, ours) if key in IDENTITIES and type(recorded) is type(ours) else recorded
    if isinstance(expected, str) and key not in IDENTITIES:
        expected = _renamed_text(expected, names)
    return [] if expected == ours else [f"{path}: {ours!r}, recorded {recorded!r}"[:500]]


class Count(NamedTuple):
    """How the exchanges of all sessions went."""

    sessions: int
    replayed: int
    different: int
    not_compared: int


def counted() -> tuple[Count, Counter[str], Counter[str]]:
    """Return the sums, the replayed exchanges by endpoint, and those that are not compared."""
    verdicts = [verdict for cassette in cassettes() for verdict in replay(cassette)]
    replayed = Counter(each.exchange.endpoint for each in verdicts if each.compared and not each.differences)
    skipped = Counter(each.exchange.endpoint for each in verdicts if not each.compared)
    different = sum(1 for each in verdicts if each.differences)
    return Count(len(cassettes()), replayed.total(), different, skipped.total()), replayed, skipped


def main() -> int:
    """Print the counts, and every difference."""
    for cassette in cassettes():
        for verdict in replay(cassette):
            for difference in verdict.differences:
                sys.stdout.write(f"{cassette.stem}: {verdict.exchange.endpoint}: {difference}\n")
    count, replayed, skipped = counted()
    for endpoint, number in sorted(replayed.items()):
        sys.stdout.write(f"{number:5} {endpoint}\n")
    for endpoint, number in sorted(skipped.items()):
        sys.stdout.write(f"{number:5} {endpoint}: not implemented (carried out, answer not compared)\n")
    sys.stdout.write(
        f"{count.sessions} sessions: {count.replayed} exchanges replayed, {count.different} different,"
        f" {count.not_compared} not implemented\n"
    )
    return count.different > 0


if __name__ == "__main__":
    sys.exit(main())

"""A large Google Sheet through the local server: our read and write beside gspread's, in time, memory and calls.

    python benchmarks/sheets.py            100,000 rows x 20 columns; a score for one row in ten is written
    python benchmarks/sheets.py --rows 10000

Each side works in a process of its own, against a server in another one, so that memory and processor time are its
own; seconds are from start to end and include the server's, which is the same program for both.
The rival reads with get_all_records and writes with update_cells, as most scripts do: its numbers have guessed types
(00123 is 123), and its write goes by row number.

The server is Python, too, and takes most of the seconds: it describes every cell for us (its type and format, without
which 00123 cannot be told from 123), where gspread asks for bare values. Read the processor time, memory and calls.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

COLUMNS = 20
EVERY = 10


def rows(count: int) -> list[list[object]]:
    """Return a header row and so many leads of mixed columns."""
    header = ["Email", "Score", *(f"Column {number}" for number in range(3, COLUMNS + 1))]
    words = ("Berlin", "Referral", "00123", "+44 20 7946", "hot", "a longer text about coffee machines")
    made: list[list[object]] = [header]
    for number in range(count):
        cells: list[object] = [f"lead{number}@shop.example", number % 100]
        cells += [number * at if at % 3 == 0 else words[(number + at) % len(words)] for at in range(3, COLUMNS + 1)]
        made.append(cells)
    return made


def serve(count: int) -> None:
    """Serve the sheet until standard input ends, and tell how many calls there were."""
    from automations.sources.sheets_sim import UNLIMITED, SheetsServer, SimSpreadsheet

    world = SimSpreadsheet.from_rows({"Leads": rows(count)})  # type: ignore[dict-item]  # plain cells
    with SheetsServer(world, quotas=UNLIMITED) as server:
        print(json.dumps([server.url, world.spreadsheet_id]), flush=True)
        sys.stdin.readline()
        right = sum(row[1] == 1000 for row in world.values("Leads!A2:B"))
        print(json.dumps([len(server.calls), sum(call.answered for call in server.calls), right]), flush=True)


def ours(url: str, spreadsheet: str, mark: Callable[[str], None]) -> None:
    """Read by columns, write by leads."""
    from pathlib import Path

    from automations.clock import SystemClock
    from automations.core.leads import CellChange, KeyRule, LeadKey
    from automations.sources.google.opening import Connection, open_sheet
    from automations.sources.google.ours import NOTHING
    from automations.sources.google.tabs import Where

    connection = Connection(spreadsheet, url, None, Path(), on_this_machine=True)
    source = open_sheet(connection, Where("Leads", None), SystemClock(), NOTHING)
    changes = [
        CellChange(LeadKey(str(cells[0])), number, "Score", cells[1], 1000)
        for number, cells in source.read(["Email", "Score"]).rows
        if number % EVERY == 0
    ]
    mark("read")
    result = source.write(changes, KeyRule("Email", lambda cell: LeadKey(str(cell))))
    if any(cell.outcome != "written" for cell in result.cells):
        raise SystemExit("not every cell was written")
    mark("write")


def gspreads(url: str, spreadsheet: str, mark: Callable[[str], None]) -> None:
    """Read with get_all_records, write with update_cells."""
    import gspread
    import requests
    from gspread import urls

    session = requests.Session()
    session.trust_env = False
    for module in (urls, gspread.http_client):
        for name in [each for each in vars(module) if each.startswith("SPREADSHEET")]:
            setattr(module, name, getattr(module, name).replace("https://sheets.googleapis.com", url))
    client = gspread.Client(auth=None, session=session)  # type: ignore[arg-type]  # the session is for everyone
    tab = client.open_by_key(spreadsheet).worksheet("Leads")
    records = tab.get_all_records()
    mark("read")
    cells = [gspread.Cell(number, 2, 1000) for number, _ in enumerate(records, 2) if number % EVERY == 0]
    tab.update_cells(cells)
    mark("write")


SIDES = {"leadwright": ours, "gspread": gspreads}


def work(side: str, url: str, spreadsheet: str) -> None:
    """Do one side's work, and tell seconds, processor seconds and peak memory of each part."""
    told: dict[str, tuple[float, float]] = {}
    start, cpu = time.perf_counter(), time.process_time()

    def mark(part: str) -> None:
        nonlocal start, cpu
        told[part] = time.perf_counter() - start, time.process_time() - cpu
        start, cpu = time.perf_counter(), time.process_time()

    SIDES[side](url, spreadsheet, mark)
    print(json.dumps([told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def measure(side: str, count: int) -> tuple[dict[str, tuple[float, float]], float, int, float, int]:
    """Return times by part, peak MiB, calls, megabytes answered, and how many right scores stand in the sheet."""
    command = [sys.executable, __file__]
    with subprocess.Popen([*command, "--serve", str(count)], stdin=-1, stdout=-1, text=True) as server:
        assert server.stdin is not None  # noqa: S101 - it was asked for
        assert server.stdout is not None  # noqa: S101 - the same
        url, spreadsheet = json.loads(server.stdout.readline())
        done = subprocess.run([*command, "--work", side, url, spreadsheet], stdout=-1, check=True, text=True)
        server.stdin.write("\n")
        server.stdin.flush()
        calls, octets, right = json.loads(server.stdout.readline())
    times, peak = json.loads(done.stdout)
    return times, peak, calls, octets / 1e6, right


def main() -> None:
    """Measure both sides and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--serve", type=int)
    parser.add_argument("--work", nargs=3)
    asked = parser.parse_args()
    if asked.serve is not None:
        serve(asked.serve)
    elif asked.work:
        work(*asked.work)
    else:
        print(f"{asked.rows:,} rows x {COLUMNS} columns, one score in {EVERY} written\n")
        print("            read s (processor)  write s (processor)  peak MiB  calls  answers MB  right cells")
        for side in SIDES:
            times, peak, calls, megabytes, right = measure(side, asked.rows)
            read, write = (f"{times[part][0]:6.1f} ({times[part][1]:5.1f})" for part in ("read", "write"))
            print(f"{side:<12}{read:>18}{write:>21}{peak:>10.0f}{calls:>7}{megabytes:>12.1f}{right:>13,}")


if __name__ == "__main__":
    main()

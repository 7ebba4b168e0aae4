"""``leadwright sheets-sim``: a Google Sheet on this machine, to try everything on without an account."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from automations.commands.common import Asked, as_command
from automations.commands.run import signals_to_stop
from automations.errors import OutOfReach

SPREADSHEET_ID = "1LeadwrightTriesThingsOnThisSheetOfYourOwnBook"


@as_command("sheets-sim")
@click.option(
    "--book", metavar="FILE", type=click.Path(path_type=Path), required=True, help="The workbook whose tabs it has."
)
@click.option(
    "--port",
    metavar="NUMBER",
    type=click.IntRange(0, 65_535),
    default=8700,
    show_default=True,
    help="0 takes a free one.",
)
@click.option("--time-zone", metavar="ZONE", default="Etc/GMT", show_default=True, help="The spreadsheet's.")
@click.option(
    "--locale", metavar="LOCALE", default="en_US", show_default=True, help="How it reads and shows numbers and dates."
)
@click.pass_obj
def command(asked: Asked, *, book: Path, port: int, time_zone: str, locale: str) -> int:
    """Serve a workbook's tabs as one Google Sheet, on this machine only, until Ctrl-C.

    The workbook is only read: what is written stays in memory, and is gone at the end. The first lines say what to
    write in config.yaml. No account is needed, and nothing leaves this machine.
    """
    from automations.sources.sheets_sim.books import spreadsheet_of  # noqa: PLC0415 - --help does not need it
    from automations.sources.sheets_sim.drive import DriveFacade  # noqa: PLC0415 - as above
    from automations.sources.sheets_sim.server import SheetsServer  # noqa: PLC0415 - as above

    world = spreadsheet_of(book, locale=locale, time_zone=time_zone, spreadsheet_id=SPREADSHEET_ID)
    try:
        server = SheetsServer(world, port=port)
    except OSError as error:
        raise OutOfReach(
            f"port {port} of this machine is in use, or not for us: {error.strerror}", fix="choose another: --port 0"
        ) from error
    server.service.facades.append(DriveFacade(server.service))
    ended = threading.Event()
    for each in signals_to_stop():
        signal.signal(each, lambda _number, _frame: ended.set())
    with server:
        asked.answer(_as_json(server.url, world.spreadsheet_id), _screen(book, server.url, world.spreadsheet_id))
        ended.wait()
    return 0


def _as_json(url: str, spreadsheet_id: str) -> dict[str, str]:
    return {"endpoint": url, "google_sheet": _address(spreadsheet_id)}


def _address(spreadsheet_id: str) -> str:
    return f"https://docs.google.com/spreadsheets/d/{spreadsheet_id}/edit"


def _screen(book: Path, url: str, spreadsheet_id: str) -> str:
    return f"""\
{book.name} is a Google Sheet now, at {url}, until Ctrl-C. The file itself stays as it is.
In config.yaml:

  leads:
    google_sheet: {_address(spreadsheet_id)}
  google: {{endpoint: "{url}", credentials: none}}
"""

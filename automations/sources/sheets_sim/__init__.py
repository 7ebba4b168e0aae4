"""Google Sheets to try everything on: a server on this machine that answers as Google's v4 interface does.

    world = SimSpreadsheet.from_rows({"Leads": [["Email"], ["eva@muster.example"]]}, locale="de_DE")
    with SheetsServer(world) as server:
        server.between(lambda world, upcoming: world.sort("Leads!A2:F", by="B"))
        server.script(faults.unavailable(applies=True, path=":batchUpdate"))
        ...

docs/google-sheets.md says what it does like Google, what it does otherwise, and how that is checked.
"""

from automations.sources.sheets_sim import faults
from automations.sources.sheets_sim.faults import Fault
from automations.sources.sheets_sim.people import SimSpreadsheet
from automations.sources.sheets_sim.quotas import UNLIMITED, Quotas
from automations.sources.sheets_sim.server import SheetsServer
from automations.sources.sheets_sim.service import Call, Reply, SheetsService, Upcoming
from automations.sources.sheets_sim.state import Sheet as SimSheet
from automations.sources.sheets_sim.tokens import TokenIssuer, TokenServer

__all__ = [
    "UNLIMITED",
    "Call",
    "Fault",
    "Quotas",
    "Reply",
    "SheetsServer",
    "SheetsService",
    "SimSheet",
    "SimSpreadsheet",
    "TokenIssuer",
    "TokenServer",
    "Upcoming",
    "faults",
]

"""``leadwright connect``: agree once that emails of a sender leave through Google or Microsoft, without a password.

Without a sender it is about the Google Sheet: a person logs in, or the robot's access is tested.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from automations.commands.common import Asked, as_command
from automations.commands.google_sheet import connect_sheet
from automations.errors import MailerOutOfReach, WrongUsage

if TYPE_CHECKING:
    from automations.project import Project


@as_command("connect")
@click.argument("provider", type=click.Choice(["google", "microsoft"]))
@click.option("--sender", default="", metavar="NAME", help="Whose emails; without it, google is for your sheet.")
@click.option("--client", metavar="FILE", type=click.Path(path_type=Path), help="Google: the app's key, as JSON.")
@click.option("--client-id", default="", metavar="ID", help="Microsoft: the id of the app.")
@click.option("--tenant", default="common", metavar="ID", show_default=True, help="Microsoft: whose users.")
@click.pass_obj
def command(asked: Asked, provider: str, sender: str, client: Path | None, client_id: str, tenant: str) -> int:
    """Let a person agree in the browser, and keep what comes of it for NAME alone.

    Then write  login: google  or  login: microsoft  instead of the password under smtp: and imap:. The agreement is
    kept in .leadwright/tokens/, for the user who runs leadwright only.

    Without --sender,  connect google  is about the Google Sheet with your leads: it lets you log in, or says which
    address to share the sheet with, and tests it.
    """
    if provider == "google" and not sender:
        return connect_sheet(asked)
    from automations.mail.oauth import keep, token_file  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    _must_be_sender(project, sender)
    text = _google(client) if provider == "google" else _microsoft(asked, client_id, tenant)
    keep(token_file(project.config.state, sender), text)
    try_it = asked.repeat("doctor")
    asked.answer({"connected": sender, "provider": provider}, f"{sender} is connected. To try it:  {try_it}")
    return 0


def _must_be_sender(project: Project, sender: str) -> None:
    names = tuple(project.config.connections)
    if not sender:
        raise WrongUsage("--sender is missing: whose emails", fix=f"one of: {', '.join(names)}")
    if sender not in names:
        raise WrongUsage(f'there is no sender "{sender}"', fix=f"one of: {', '.join(names)}")


def _google(client: Path | None) -> str:
    from google_auth_oauthlib.flow import InstalledAppFlow  # type: ignore[import-untyped]  # noqa: PLC0415 - 0.2 s

    from automations.mail.oauth import GOOGLE_SCOPES  # noqa: PLC0415 - see above

    if client is None or not client.is_file():
        raise WrongUsage(
            "--client is missing: the key of an app at Google, as JSON",
            fix="make one of type Desktop app (docs/doctor-and-recovery.md tells how), download it, and name it",
        )
    try:
        flow = InstalledAppFlow.from_client_secrets_file(str(client), list(GOOGLE_SCOPES))
        login = flow.run_local_server(port=0, access_type="offline", prompt="consent", timeout_seconds=300)
    except (ValueError, AttributeError, OSError) as error:
        # Without an answer in time the flow reads the address of a request there was not: AttributeError.
        raise MailerOutOfReach("nobody agreed, or the key is not that of a desktop app", fix="try again") from error
    return str(login.to_json())


def _microsoft(asked: Asked, client_id: str, tenant: str) -> str:
    from automations.mail.oauth import MICROSOFT_SCOPES, microsoft_app  # noqa: PLC0415 - see above

    if not client_id:
        raise WrongUsage(
            "--client-id is missing: the id of an app at Microsoft",
            fix="register one as a public client (docs/doctor-and-recovery.md tells how), and copy its id",
        )
    authority = f"https://login.microsoftonline.com/{tenant}"
    try:
        app, cache = microsoft_app(client_id, authority, "")
        flow = app.initiate_device_flow(list(MICROSOFT_SCOPES))
        if "message" in flow:
            asked.heed(str(flow["message"]))
            flow = app.acquire_token_by_device_flow(flow)
    except ImportError:
        raise WrongUsage("this needs msal", fix="install it:  pip install 'leadwright[microsoft]'") from None
    except (OSError, ValueError) as error:
        raise MailerOutOfReach("Microsoft's login server did not answer as expected", fix="try again") from error
    if "access_token" not in flow:
        raise MailerOutOfReach(f"nobody agreed ({flow.get('error', 'no reason given')})", fix="try again")
    return json.dumps({"client_id": client_id, "authority": authority, "cache": cache.serialize()})

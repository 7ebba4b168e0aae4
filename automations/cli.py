"""Arguments -> one command -> exit code.

Nothing but click is imported until a command is known: ``--help`` is asked for often, and answers at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn, TextIO

import click

from automations import __version__
from automations.commands import COMMANDS, GROUPS

_WIDEST = max(map(len, COMMANDS))


class Commands(click.Group):
    """The commands of the table, each imported only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command; None for a name that is not in the table."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"automations.commands.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* begin with; one that is not there is answered with the nearest."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_no_such_command(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the four groups."""
        del ctx
        for group, commands in GROUPS:
            with formatter.section(group):
                formatter.write_dl([(name.ljust(_WIDEST), what) for name, what in commands])


def _no_such_command(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - a mistake may take its time, --help may not

    near = get_close_matches(name, COMMANDS, n=1)
    return f'there is no command "{name}"' + (f'. Did you mean "{near[0]}"?' if near else "")


@click.group(
    cls=Commands,
    no_args_is_help=True,
    subcommand_metavar="COMMAND ...",
    epilog="More about one command:  leadwright COMMAND --help",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.option("--config", metavar="FILE", default="config.yaml", show_default=True, help="What you asked for.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output, for programs.")
@click.option("--quiet", is_flag=True, help="Only what went wrong.")
@click.option("--no-color", is_flag=True, help="No colours, also on a terminal.")
@click.version_option(__version__, prog_name="leadwright", message="%(prog)s %(version)s")
@click.pass_context
def leadwright(ctx: click.Context, *, config: str, as_json: bool, quiet: bool, no_color: bool) -> None:
    """The team's spreadsheet is the CRM, and this is what works it.

    Nothing is sent or changed unless you say so: look first, with plan.
    """
    from pathlib import Path  # noqa: PLC0415 - a sixth of all that --help would take

    from automations.commands.common import Asked  # noqa: PLC0415 - not needed for --help

    ctx.obj = Asked(config=Path(config), as_json=as_json, quiet=quiet, colour=not no_color and _may_colour())


def _may_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of one command line; *arguments* are without the program's name. Never raises."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = leadwright.main(words, prog_name="leadwright", standalone_mode=False)
    except BrokenPipeError:
        # Nobody reads any more (``| head``). What is still in the buffer would fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nobody may ever see a traceback
        from automations.commands.failures import tell  # noqa: PLC0415 - not needed when all is well

        return tell(error, words)
    return code if isinstance(code, int) else 0


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open until the process ends


def program() -> NoReturn:
    """Run the command line of this process and end it.

    It ends at once: freeing, piece by piece, what goes back to the system anyway takes a tenth of a short command's
    time. And a command makes little garbage, loading modules none: looking for it at every turn takes as much again.
    """
    gc.set_threshold(100_000)
    # Both are None when they were closed before we began: then nobody wants to read.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            pass  # nobody reads any more
        except OSError:
            code = code or 1
    os._exit(code)

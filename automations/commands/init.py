"""``leadwright init``: make config.yaml, emails and a place for passwords, around a sample or the team's own sheet."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from automations.commands.asking import ask_choice, ask_text, ask_yes, must_be_address
from automations.commands.common import Asked, as_command, is_conversation, now
from automations.commands.google_sheet import (
    GoogleWish,
    config_lines,
    connection_of,
    link_of,
    must_be_link,
    open_wish,
    wait_for_access,
    wish_of,
)
from automations.commands.guessing import KNOWN_NAMES, Guess, type_of
from automations.commands.new_config import Wishes, config_text, first_emails, local_zone, own_headers
from automations.commands.own_sheet import Seen, look_at, look_at_sheet
from automations.commands.sample import (
    ENV_TEXT,
    GITIGNORE_TEXT,
    WORKBOOK,
    personal,
    sample_folder,
    sample_templates,
    write_workbook,
)
from automations.errors import WrongUsage
from automations.report.text import count, cut, listed, plain, table

if TYPE_CHECKING:
    from automations.project import Project


@as_command("init")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--sample", is_flag=True, help="Make a sample there, with twelve leads, without asking.")
@click.option("--excel", "leads", metavar="FILE", type=click.Path(path_type=Path), help="Your leads: .xlsx or .csv.")
@click.option("--google", "link", metavar="LINK", default="", help="Your leads: the link of a Google Sheet.")
@click.option("--key", metavar="FILE", type=click.Path(path_type=Path), help="The key for Google: google-key.json.")
@click.option("--endpoint", metavar="URL", default="", help="Another server than Google's: that of sheets-sim.")
@click.option("--business", metavar="NAME", default="", help="What you call the business.")
@click.option("--address", metavar="TEXT", default="", help="Its postal address, printed under every email.")
@click.option("--email", metavar="ADDRESS", default="", help="Your own email address.")
@click.option("--yes", is_flag=True, help="Take every guess, and add our columns to the sheet.")
@click.pass_obj
def command(
    asked: Asked,
    folder: Path | None,
    *,
    sample: bool,
    leads: Path | None,
    link: str,
    key: Path | None,
    endpoint: str,
    business: str,
    address: str,
    email: str,
    yes: bool,
) -> int:
    """Make config.yaml and all that goes with it in FOLDER, or here. Overwrites nothing.

    Asks what it cannot know. With --sample, or with --yes and the other options, it asks nothing.
    """
    target = folder or Path()
    given = Given(business, address, email and must_be_address(email), leads, yes, key, endpoint)
    if sample:
        return _make_sample(asked, target, given)
    _refuse_to_overwrite(target, ("config.yaml",))
    if link:
        given = given._replace(google=wish_of(link, key, endpoint, target))
    _refuse_to_guess(given)
    given = given._replace(business=given.business or ask_text("What do you call the business?"))
    if given.leads is None and given.google is None:
        where = ask_choice("Where are your leads?", tuple(_WHERE))
        return tuple(_WHERE.values())[where](asked, target, given)
    return _make_own(asked, target, given)


class Given(NamedTuple):
    """What the command line said, and what was asked since; empty is not known yet."""

    business: str
    address: str
    email: str
    leads: Path | None
    yes: bool
    key: Path | None = None
    endpoint: str = ""
    google: GoogleWish | None = None


def _refuse_to_guess(given: Given) -> None:
    """Refuse what only a person at a terminal could answer."""
    options = "--excel FILE (or --google LINK) --business NAME --address TEXT --email ADDRESS --yes"
    if not given.yes and not is_conversation():
        raise WrongUsage(
            "init asks questions, and nobody is here to answer them",
            fix=f"leadwright init --sample FOLDER   or   leadwright init {options}",
        )
    if given.yes and not ((given.leads or given.google) and given.business and given.address and given.email):
        raise WrongUsage("with --yes nothing is asked, so all of it must be said", fix=f"leadwright init {options}")


def _ask_for_google(asked: Asked, target: Path, given: Given) -> int:
    link = ask_text("The link of the sheet?", must_be_link)
    return _make_own(asked, target, given._replace(google=wish_of(link, given.key, given.endpoint, target)))


def _ask_for_file(asked: Asked, target: Path, given: Given) -> int:
    return _make_own(asked, target, given._replace(leads=Path(ask_text("Which file?", _must_be_file))))


def _ask_for_sample(asked: Asked, target: Path, given: Given) -> int:
    email = given.email or ask_text("Your own email address (for tests)?", must_be_address)
    return _make_sample(asked, target, given._replace(email=email))


_WHERE = {
    "Google Sheet": _ask_for_google,
    "Excel or CSV file": _ask_for_file,
    "I have none yet: make a sample": _ask_for_sample,
}


def _make_sample(asked: Asked, target: Path, given: Given) -> int:
    source = sample_folder()
    files = {
        "config.yaml": personal((source / "config.yaml").read_text("utf-8"), given.business, given.email),
        **{f"templates/{name}": text for name, text in sample_templates(source).items()},
        ".env": ENV_TEXT,
        ".gitignore": GITIGNORE_TEXT,
    }
    _refuse_to_overwrite(target, (*files, WORKBOOK))
    _write_files(target, files)
    write_workbook(target / WORKBOOK, now().date())
    emails = count(len([name for name in files if name.startswith("templates/")]), "email")
    made = (
        (WORKBOOK, "a sheet with 12 sample leads", "open it in Excel"),
        ("config.yaml", "your rules, with notes", "open it in any editor"),
        ("templates/", f"{emails} to change", ""),
        (".env", "passwords go here (kept out of git)", ""),
    )
    _report(asked, target, made, [*files, WORKBOOK])
    return 0


def _make_own(asked: Asked, target: Path, given: Given) -> int:
    wishes = _wishes(asked, target, given)
    emails = first_emails(guess.field for guess in wishes.columns)
    files = {
        "config.yaml": config_text(wishes),
        **{f"templates/{name}": text for name, text in emails.items()},
        ".env": ENV_TEXT,
        ".gitignore": GITIGNORE_TEXT,
    }
    kept = [name for name in (".env", ".gitignore") if (target / name).exists()]
    files = {name: text for name, text in files.items() if name not in kept}
    _refuse_to_overwrite(target, tuple(files))
    _write_files(target, files)
    made = (
        ("config.yaml", "your columns and first rules, with notes", "open it in any editor"),
        ("templates/", "2 emails to change", ""),
        *(() if ".env" in kept else ((".env", "passwords go here (kept out of git)", ""),)),
    )
    asked.say("")
    headers = tuple(own_headers(wishes.taken).values())
    added = _add_columns(replace(asked, config=target / "config.yaml"), headers, wishes, yes=given.yes)
    _report(asked, target, made, list(files), added)
    return 0


def _wishes(asked: Asked, target: Path, given: Given) -> Wishes:
    """Return all that config.yaml needs, and ask for what is not known yet."""
    leads, seen, google = _seen_sheet(asked, target, given)
    return Wishes(
        business=given.business,
        email=given.email or ask_text("Your own email address?", must_be_address),
        address=given.address or ask_text("Your postal address? (printed under every email, the law asks for it)"),
        leads=leads,
        tab=seen.name,
        columns=_agreed_columns(seen, ask=not given.yes, asked=asked),
        taken=tuple(column.header for column in seen.columns),
        zone=local_zone(),
        google=google,
    )


def _seen_sheet(asked: Asked, target: Path, given: Given) -> tuple[str, Seen, tuple[str, ...] | None]:
    """Return the leads as config.yaml names them, what is in them, and how a Google Sheet is reached."""
    wish = given.google
    if wish is None:
        path = _existing(given.leads or Path())
        return _as_config_names_it(path, target), look_at_sheet(path), None
    from automations.sources.google.opening import key_of  # noqa: PLC0415 - only for Google

    source, key = open_wish(wish, target), key_of(connection_of(wish, target))
    wait_for_access(asked, source, key.address if key else "", ask=not given.yes)
    seen = look_at(source)
    return link_of(wish, source.gid or 0), seen, config_lines(wish, target)


def _add_columns(asked: Asked, headers: Sequence[str], wishes: Wishes, *, yes: bool) -> Sequence[str]:
    """Write our headers at the right end of the sheet, if the owner says yes; return those that were written."""
    project: Project = asked.project()
    where = f"{len(headers)} columns of ours go to the right end of {plain(wishes.tab)}: {listed(headers)}."
    if not yes and not ask_yes(f"{where} Add them now?"):
        asked.say("Nothing was added. The first run adds them, after asking.")
        return ()
    beside = [guess.column.header for guess in wishes.columns]
    project.open_source().add_columns(headers, beside)
    return headers


def _report(
    asked: Asked, target: Path, made: Sequence[tuple[str, str, str]], files: Sequence[str], added: Sequence[str] = ()
) -> None:
    where = "" if target == Path() else f" in {target}"
    lines = [
        f"Made {count(len(made), 'thing')}{where}:",
        *("  " + line for line in table(made, most=(20, 42), width=78)),
    ]
    if added:
        lines += ["", f"Added {count(len(added), 'column')} to your sheet:", f"  {', '.join(added)}"]
    next_one = replace(asked, config=Path("config.yaml") if target == Path() else target / "config.yaml")
    lines += ["", f"Nothing will be sent until you say so. Next:  {next_one.repeat('plan')}"]
    data = {"folder": str(target), "made": list(files), "columns_added": list(added)}
    asked.answer(data, "\n".join(lines))


def _refuse_to_overwrite(target: Path, names: Sequence[str]) -> None:
    there = [name for name in names if (target / name).exists()]
    if there:
        raise WrongUsage(
            f"{target / there[0]} is there already; nothing was made",
            fix="choose another folder, or move that file away first",
        )


def _write_files(target: Path, files: Mapping[str, str]) -> None:
    """Write new files. Opened to be made, so that one which appeared meanwhile is not overwritten either."""
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if name == ".env" else 0o666
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(number, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - it is open already
            file.write(text)


_RIGHT = ("", "y", "yes")


def _agreed_columns(seen: Seen, *, ask: bool, asked: Asked) -> tuple[Guess, ...]:
    """Return the columns to use: what was guessed, and what the owner put right."""
    guesses = {guess.field: guess for guess in seen.guesses}
    while ask:
        asked.say("\n" + guesses_screen(tuple(guesses.values()), seen))
        wrong = ask_text("\nEnter if that is right, or the name of a line to change, like  name", default="")
        if wrong.strip().lower() in _RIGHT:
            break
        _put_right(guesses, seen, wrong.strip().lower())
    if "email" not in guesses:
        if not ask:
            headers = ", ".join(plain(column.header) for column in seen.columns[:12])
            raise WrongUsage(
                f'no column of "{plain(seen.name)}" holds email addresses; nothing was made',
                fix=f"its columns are {headers}. Run init without --yes to choose one",
            )
        _put_right(guesses, seen, "email")
    return tuple(guesses[field] for field in (*KNOWN_NAMES,) if field in guesses)


def _put_right(guesses: dict[str, Guess], seen: Seen, field: str) -> None:
    if field not in KNOWN_NAMES:
        click.echo(f'There is no line "{plain(field)}". Lines: {", ".join(KNOWN_NAMES)}.')
        return
    headers = tuple(plain(column.header) for column in seen.columns)
    choice = ask_choice(f"Which column is {field}?", headers if field == "email" else (*headers, "none of them"))
    if choice == len(headers):
        guesses.pop(field, None)
        return
    column = seen.columns[choice]
    for other in [name for name, guess in guesses.items() if guess.column is column]:
        del guesses[other]
    guesses[field] = Guess(field, column, type_of(field, column.cells))


def guesses_screen(guesses: Sequence[Guess], seen: Seen) -> str:
    """Return which column was taken for which field, each with three of its values, and which were left alone."""
    rows = [
        (
            guess.field,
            plain(guess.column.header),
            ", ".join(cut(plain(str(cell)), 14) for cell in guess.column.cells[:3]),
        )
        for guess in guesses
    ]
    used = {id(guess.column) for guess in guesses}
    rest = [plain(column.header) for column in seen.columns if id(column) not in used]
    lines = [f'Your columns in "{plain(seen.name)}":', *("  " + line for line in table(rows, most=(12, 20), width=78))]
    if rest:
        lines.append(f"Not used: {', '.join(rest)}")
    return "\n".join(lines)


def _must_be_file(text: str) -> str:
    _existing(Path(text))
    return text


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise WrongUsage(f"there is no file {path}", fix="write its whole path, or go to its folder first")
    return path


def _as_config_names_it(leads: Path, target: Path) -> str:
    """Return the path of the leads as seen from config.yaml: relative when it lies beside or below it."""
    whole, folder = leads.resolve(), target.resolve()
    return whole.relative_to(folder).as_posix() if whole.is_relative_to(folder) else whole.as_posix()

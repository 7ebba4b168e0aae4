"""Passwords by name: from the environment, from systemd's credentials, from ``.env`` beside config.yaml."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from automations.config.model import Secret
from automations.config.nearest import nearest
from automations.config.notes import Desk, Notes
from automations.errors import Place, Problem

_MAX_BYTES = 64 * 1024


class Secrets:
    """Looks secrets up. ``.env`` is read when the first name is asked for that the environment does not have.

    The environment comes first, then ``$CREDENTIALS_DIRECTORY/NAME`` (systemd's LoadCredential=), then ``.env``.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path, shown_folder: Path, notes: Notes) -> None:
        self.environ, self.folder, self.shown_folder, self.notes = environ, folder, shown_folder, notes
        self._from_file: dict[str, str] | None = None
        self._reported: set[str] = set()

    def look_up(self, name: str, place: Place, desk: Desk) -> Secret | None:
        """Return the secret; report one that is missing, empty or has a line break in it, where it is first named."""
        return self._look_up(name, place, desk, whole=False)

    def look_up_text(self, name: str, place: Place, desk: Desk) -> Secret | None:
        """Return a secret that may have several lines, as the text of a key file has."""
        return self._look_up(name, place, desk, whole=True)

    def _look_up(self, name: str, place: Place, desk: Desk, *, whole: bool) -> Secret | None:
        if name in self._reported:
            return None
        text = self._find(name)
        if text is None:
            near = nearest(name, self._env_file())
            under = f"did you mean ${near}?" if near else f"add a line to .env:  {name}=..."
            desk.wrong(place, f"there is no password called {name}", under)
        elif not text.strip():
            desk.wrong(place, f"the password {name} is empty", f"write it in .env behind  {name}=")
        elif not whole and ("\n" in text or "\r" in text or "\0" in text):
            desk.wrong(place, f"the password {name} has a line break in it", "write it in one line, without quotes")
        else:
            return Secret(text)
        self._reported.add(name)
        return None

    def _find(self, name: str) -> str | None:
        if name in self.environ:
            return self.environ[name]
        credential = self._credential(name)
        return self._env_file().get(name) if credential is None else credential

    def _credential(self, name: str) -> str | None:
        directory = self.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            return None
        try:
            text = (Path(directory) / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        # `echo secret > file` ends with a line break that nobody means.
        return text.removesuffix("\n").removesuffix("\r")

    def _env_file(self) -> dict[str, str]:
        if self._from_file is None:
            self._from_file = self._read_env_file()
        return self._from_file

    def _read_env_file(self) -> dict[str, str]:
        path, shown = self.folder / ".env", str(self.shown_folder / ".env")
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(path.stat().st_mode)
                text = file.read(_MAX_BYTES).decode("utf-8-sig")
        except FileNotFoundError:
            return {}
        except OSError as error:
            what = f"cannot be read: {error.strerror or 'no reason given'}"
            self.notes.problems.append(Problem(shown, what, "give yourself the right to read it"))
            return {}
        except UnicodeDecodeError:
            self.notes.problems.append(Problem(shown, "is not saved as UTF-8", "save it as UTF-8 in your editor"))
            return {}
        if mode & stat.S_IROTH:
            what = "every user of this machine can read your passwords"
            self.notes.problems.append(Problem(shown, what, f"run  chmod 600 {shown}"))
        return self._parsed(text, shown)

    def _parsed(self, text: str, shown: str) -> dict[str, str]:
        # Only a file with passwords in it costs the 25 ms of importing dotenv.
        from dotenv.parser import parse_stream  # noqa: PLC0415

        values: dict[str, str] = {}
        for binding in parse_stream(StringIO(text)):
            if binding.error:
                place = Place(shown, binding.original.line, 1)
                what = "this line of .env cannot be read"
                self.notes.warnings.append(Problem(str(place), what, "write it like  NAME=password", place))
            elif binding.key is not None and binding.value is not None:
                values[binding.key] = binding.value
        return values

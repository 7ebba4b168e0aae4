r"""A real IMAP server for one test: a private Dovecot on loopback, with mailboxes of its own in a temporary folder.

    with Dovecot(tmp_path, users={"anna": "geheim"}) as box:
        box.append("anna", "Sent", b"Message-ID: <1@shop.example>\r\n\r\nGood morning")
        box.port, box.tls_port, box.messages("anna", "Sent")

Mark tests that use it ``needs_dovecot``. ``Sent``, ``Drafts``, ``Junk`` and ``Trash`` are there from the start, with
their special use (RFC 6154). On `port` it speaks plain IMAP (and STARTTLS), on `tls_port` TLS from the first byte, with
the certificate of tests/certificates/localhost.pem. It runs without any rights: where the tests run as root, as nobody.
"""

from __future__ import annotations

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = shutil.which("dovecot", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
CERTIFICATE = Path(__file__).parent / "certificates" / "localhost.pem"
SPECIAL = {"Sent": "\\Sent", "Drafts": "\\Drafts", "Junk": "\\Junk", "Trash": "\\Trash"}
_SECONDS = 20.0

_CONFIG = """\
protocols = imap
listen = 127.0.0.1
base_dir = {at}/run
state_dir = {at}/run
log_path = {at}/log
mail_location = maildir:{at}/mail/%u
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_uid = {uid}
mail_gid = {gid}
disable_plaintext_auth = no
auth_mechanisms = plain login
ssl = yes
ssl_cert = <{at}/certificate.pem
ssl_key = <{at}/certificate.pem
mail_max_userip_connections = 50
passdb {{
  driver = passwd-file
  args = {at}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={at}/mail/%u
}}
namespace inbox {{
  inbox = yes
{folders}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """A running server while it is entered; *users* are names with passwords. Its log is left in *folder*.

    *special* are the folders that are made, each with its special use or "" for none.
    """

    def __init__(self, folder: Path, *, users: Mapping[str, str], special: Mapping[str, str] | None = None) -> None:
        self._folder, self._users = folder, users
        self._special = SPECIAL if special is None else special
        self.port = self.tls_port = 0

    def __enter__(self) -> Self:
        # Not in the test's own folder: others may not enter that, and a socket's path has room for 108 octets only.
        self._at = Path(tempfile.mkdtemp(prefix="dovecot-"))
        for _ in range(5):  # a port that was free may be taken a moment later
            self.port, self.tls_port = _free_port(), _free_port()
            self._process = self._start()
            if self._answers():
                return self
            self._stop()
        raise RuntimeError(f"Dovecot does not start: {self._log()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        (self._folder / "dovecot.log").write_text(self._log(), encoding="utf-8")
        shutil.rmtree(self._at, ignore_errors=True)

    def append(self, user: str, folder: str, content: bytes) -> None:
        """Put a message into a user's folder, as a mail program or a delivery would."""
        with self._as(user) as imap:
            answer, detail = imap.append(folder, "", "", content)
        assert answer == "OK", detail

    def messages(self, user: str, folder: str) -> list[bytes]:
        """Return every message in a user's folder, in order."""
        with self._as(user) as imap:
            imap.select(folder, readonly=True)
            _, found = imap.search(None, "ALL")
            numbers = found[0].decode().split()
            return [imap.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers]  # type: ignore[index,misc]

    def command(self, user: str, *words: str) -> None:
        """Give an IMAP command as a user, like ``command("anna", "DELETE", "Old")``."""
        with self._as(user) as imap:
            answer, detail = imap.xatom(*words)
        assert answer == "OK", detail

    @contextmanager
    def _as(self, user: str) -> Iterator[imaplib.IMAP4]:
        imap = imaplib.IMAP4("127.0.0.1", self.port, timeout=_SECONDS)
        try:
            imap.login(user, self._users[user])
            yield imap
        finally:
            imap.logout()

    def _start(self) -> subprocess.Popen[bytes]:
        assert PROGRAM is not None
        is_root = os.geteuid() == 0
        owner = _nobody() if is_root else (os.geteuid(), os.getegid())
        self._write(owner)
        with (self._at / "errors").open("wb") as errors:
            return subprocess.Popen(
                [PROGRAM, "-F", "-c", str(self._at / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                user=owner[0] if is_root else None,
                group=owner[1] if is_root else None,
                extra_groups=() if is_root else None,
            )

    def _write(self, owner: tuple[int, int]) -> None:
        import grp  # noqa: PLC0415 - not on every system
        import pwd  # noqa: PLC0415

        folders = "\n".join(
            f'  mailbox "{name}" {{\n    auto = subscribe\n{f"    special_use = {use}" if use else ""}\n  }}'
            for name, use in self._special.items()
        )
        text = _CONFIG.format(
            at=self._at,
            port=self.port,
            tls_port=self.tls_port,
            uid=owner[0],
            gid=owner[1],
            user=pwd.getpwuid(owner[0]).pw_name,
            group=grp.getgrgid(owner[1]).gr_name,
            folders=folders,
        )
        (self._at / "dovecot.conf").write_text(text, encoding="utf-8")
        users = "".join(f"{name}:{{PLAIN}}{password}\n" for name, password in self._users.items())
        (self._at / "users").write_text(users, encoding="utf-8")
        (self._at / "certificate.pem").write_bytes(CERTIFICATE.read_bytes())
        (self._at / "mail").mkdir(exist_ok=True)
        (self._at / "run").mkdir(exist_ok=True)
        for path in (self._at, *self._at.iterdir()):
            if os.geteuid() == 0:
                os.chown(path, *owner)

    def _answers(self) -> bool:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                if connection.recv(100).startswith(b"* OK"):
                    return True
            time.sleep(0.02)
        return False

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _log(self) -> str:
        files = (self._at / name for name in ("errors", "log"))
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.exists())


def _nobody() -> tuple[int, int]:
    """Return the user and group that have no rights at all."""
    import pwd  # noqa: PLC0415 - not on every system

    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port

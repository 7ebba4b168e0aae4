"""A real mail server for one test: a private Postfix on loopback, with a queue and mailboxes in a folder of its own.

    with Postfix() as server:
        SmtpMailer(host="127.0.0.1", port=server.port, security="none")
        server.mail(3)      # waits until so many emails are in the mailbox, and returns their bytes

Mark tests that use it ``needs_postfix``. It takes mail for anybody at kunde.example and files it in one Maildir, which
belongs to nobody. Postfix's master wants root to start; everything that reads mail runs as postfix or nobody.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = shutil.which("postfix", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
DAEMONS = Path("/usr/lib/postfix/sbin")
_SECONDS = 20.0

_MAIN = """\
compatibility_level = 3.6
queue_directory = {at}/queue
data_directory = {at}/data
daemon_directory = {daemons}
command_directory = {commands}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.kunde.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
virtual_mailbox_domains = kunde.example
virtual_mailbox_base = {at}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions = reject_unauth_destination
smtputf8_enable = no
maillog_file = {at}/log
maillog_file_prefixes = {at}
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """As a context: a running server; *port* is where it takes mail."""

    def __init__(self) -> None:
        # Not in pytest's own folder: that is closed to the users that Postfix's parts run as.
        self._folder = Path(tempfile.mkdtemp(prefix="leadwright-postfix-"))
        self.port = 0

    def __enter__(self) -> Self:
        """Write the configuration, start the server, and wait until it takes mail."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._write()
        self._postfix("start")
        try:
            self._wait(self._greets, "it does not greet")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server, and take its folder away."""
        self._postfix("stop")
        shutil.rmtree(self._folder)

    def mail(self, count: int) -> list[bytes]:
        """Return the emails in the mailbox, once there are *count* of them, in no order."""
        new = self._folder / "mail" / "inbox" / "new"
        self._wait(lambda: new.is_dir() and len(list(new.iterdir())) >= count, f"{count} emails are not there")
        return [file.read_bytes() for file in new.iterdir()]

    def log(self) -> str:
        """Return what the server noted."""
        file = self._folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def _write(self) -> None:
        nobody, owner = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
        self._folder.chmod(0o755)
        for name, uid in (("queue", 0), ("data", owner.pw_uid), ("mail", nobody.pw_uid), ("conf", 0)):
            (self._folder / name).mkdir()
            os.chown(self._folder / name, uid, -1)
        values = {
            "at": self._folder,
            "daemons": DAEMONS,
            "commands": Path(str(PROGRAM)).parent,
            "uid": nobody.pw_uid,
            "gid": nobody.pw_gid,
        }
        (self._folder / "conf" / "main.cf").write_text(_MAIN.format(**values))
        (self._folder / "conf" / "master.cf").write_text(_MASTER.format(port=self.port))

    def _postfix(self, word: str) -> None:
        done = subprocess.run(
            [str(PROGRAM), "-c", str(self._folder / "conf"), word],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        assert done.returncode == 0, f"postfix {word}: {done.stderr}{done.stdout}{self.log()}"

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as talk:
                return talk.recv(4) == b"220 "
        except OSError:
            return False

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            if holds():
                return
            time.sleep(0.05)
        raise AssertionError(f"Postfix: {what}\n{self.log()}")

"""Emails per second of the whole durable path, beside senders that remember nothing: ``python benchmarks/mail.py``.

    python benchmarks/mail.py [--messages 1000] [--rounds 3] [--with FOLDER] [--node]

The server is Postfix's smtp-sink on loopback; ours reserves, renders, puts together, reads back, hands over with a sync
before each dot, and settles, on the disk of TMPDIR. Everybody has a process of its own and sends 4 KB; figures are
medians, and ratios are to smtplib in a bare loop with one ready message: "ratio" that of the rates, "cpu ratio" that of
the processor time, which a shared machine changes least. FOLDER has mailmerge and yagmail (``pip install --target
FOLDER mailmerge yagmail``); with --node, npm puts nodemailer into a folder that is thrown away afterwards.

Two processes of the lowest priority keep the processors awake for everybody alike: on a virtual machine, waking one up
costs a tick of 4 ms in every sync and every answer.

With --slow each answer takes 50 ms longer, by a go-between.

What was tried and did not help: two commits a message (settle, then mark) halve the rate on one connection; a Protocol
asked by isinstance at every message costs 20 us; the standard library's parser to read the bytes back, 0.4 ms;
rendering each letter from its first letter, 0.4 ms; `{998}` as a regular expression to find long lines, 0.5 ms; four
questions to the ledger for each gate, 40 us; tables that name a message by its key and not by a number, 10 us and half
of the pages of a commit; a trigger with a list of pairs, 5 us; each body encoded as a whole, 40 us.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
Figures = tuple[float, float, int]
IDLE = "import os; os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"


@contextlib.contextmanager
def running(*words: str) -> Iterator[None]:
    """Keep a process while others are measured."""
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class SlowRoad:
    """A go-between to *port* by which each answer takes so many *seconds* longer."""

    def __init__(self, port: int, seconds: float) -> None:
        self._port, self._seconds = port, seconds
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self._port))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._carry, args=(client, server, 0.0), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, self._seconds), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket, seconds: float) -> None:
        with contextlib.suppress(OSError):
            while octets := source.recv(65536):
                if seconds:
                    time.sleep(seconds)
                target.sendall(octets)
            target.shutdown(socket.SHUT_WR)


def measure(name: str, messages: int, port: int, connections: int, peers: str) -> Figures:
    """Return messages per second, processor milliseconds a message, and the peak of memory in MB."""
    words = [sys.executable, str(HERE / "mail_senders.py"), name, str(messages), str(port), str(connections)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent), *filter(None, [peers])])}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    took, spent, peak = done.stdout.split()[-3:]
    return messages / float(took), float(spent) / messages * 1000, int(peak) // 1024


def source(messages: int, port: int, connections: int) -> Figures:
    """Return the same of Postfix's smtp-source: the limit of a dialogue without pipelining."""
    program = shutil.which("smtp-source", path=PATH) or "smtp-source"
    began = time.perf_counter()
    words = ["-s", str(connections), "-d", "-m", str(messages), "-l", "4096", "-f", "a@b.example", "-t", "c@d.example"]
    subprocess.run([program, *words, f"127.0.0.1:{port}"], check=True)
    return messages / (time.perf_counter() - began), 0.0, 0


NODE = """
const [port, count, pool] = process.argv.slice(2).map(Number);
const mailer = require('nodemailer').createTransport({
  host: '127.0.0.1', port, pool: true, maxConnections: pool, maxMessages: Infinity, secure: false, ignoreTLS: true,
});
const words = 'We put a coffee machine into offices, and come by when it needs us.';
const began = process.hrtime.bigint(), used = process.cpuUsage();
const all = Array.from({ length: count }, (_, number) => mailer.sendMail({
  from: 'Anna Weber <anna@shop.example>', to: `p${number}@kunde.example`, subject: `Coffee for Kunde ${number}?`,
  text: Array(9).fill(words).join('\\n'), html: `<p>${words}</p>\\n`.repeat(42),
}));
Promise.all(all).then(() => {
  const { user, system } = process.cpuUsage(used);
  const took = Number(process.hrtime.bigint() - began) / 1e9;
  mailer.close();
  console.log(took, (user + system) / 1e6, process.resourceUsage().maxRSS);
});
"""


def node_folder(stack: contextlib.ExitStack) -> str:
    """Return a folder with nodemailer and a script that sends by it; it is gone with *stack*."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "nodemailer"]
    subprocess.run(install, cwd=folder, check=True)
    Path(folder, "send.js").write_text(NODE, encoding="utf-8")
    return folder


def node(messages: int, port: int, connections: int, folder: str) -> Figures:
    """Return the same of nodemailer with a pool."""
    words = ["node", "send.js", *map(str, (port, messages, connections))]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    took, spent, peak = done.stdout.split()
    return messages / float(took), float(spent) / messages * 1000, int(peak) // 1024


def contenders(peers: str) -> list[tuple[str, str, int]]:
    """Return who is measured: what it is called, its name and its connections."""
    ours = [(f"leadwright, {count} connection{'s' * (count > 1)}", "ours", count) for count in (1, 2, 4, 8, 16)]
    return [
        ("smtplib, bare loop", "bare_loop", 1),
        *ours,
        *[(name, name, 1) for name in ("mailmerge", "yagmail") if peers],
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow", action="store_true", help="50 ms more for each answer; fewer messages")
    parser.add_argument("--with", dest="peers", default="")
    parser.add_argument("--node", action="store_true", help="nodemailer too, by npm")
    chosen = parser.parse_args()
    port = free_port()
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    sink = shutil.which("smtp-sink", path=PATH) or "smtp-sink"
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(sink, *user, f"127.0.0.1:{port}", "1000"))
        for _ in range(os.cpu_count() or 1):
            stack.enter_context(running(sys.executable, "-c", IDLE))
        time.sleep(0.5)
        road = SlowRoad(port, 0.05).port if chosen.slow else port
        nodemailer = node_folder(stack) if chosen.node else ""
        rounds: dict[str, list[Figures]] = {}
        for _ in range(chosen.rounds):
            for title, name, connections in contenders(chosen.peers):
                count = 40 * connections if chosen.slow else chosen.messages
                rounds.setdefault(title, []).append(measure(name, count, road, connections, chosen.peers))
            for connections in (1, 4) if nodemailer else ():
                count = 40 * connections if chosen.slow else chosen.messages
                title = f"nodemailer, pool of {connections}"
                rounds.setdefault(title, []).append(node(count, road, connections, nodemailer))
            if not chosen.slow:
                rounds.setdefault("smtp-source, 1 connection", []).append(source(chosen.messages, road, 1))
    print_table(rounds)


def print_table(rounds: Mapping[str, Sequence[Figures]]) -> None:
    """Print the medians, and how busy the machine is with everybody else."""
    medians = {
        title: tuple(statistics.median(each[part] for each in found) for part in range(3))
        for title, found in rounds.items()
    }
    bare_rate, bare_spent, _ = medians["smtplib, bare loop"]
    print(f"{'':<30}{'per second':>12}{'ratio':>8}{'cpu ms':>8}{'cpu ratio':>11}{'MB':>6}")
    for title, (rate, spent, peak) in medians.items():
        share = f"{bare_spent / spent:.2f}" if spent else ""
        print(f"{title:<30}{rate:>12.1f}{rate / bare_rate:>8.2f}{spent:>8.2f}{share:>11}{peak:>6.0f}")
    print(f"load of the machine (1, 5, 15 minutes): {' '.join(f'{each:.1f}' for each in os.getloadavg())}")


if __name__ == "__main__":
    main()

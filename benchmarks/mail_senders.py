"""One sender at work, in a process of its own: ``python benchmarks/mail_senders.py NAME MESSAGES PORT [CONNECTIONS]``.

Prints seconds, processor seconds and the peak of memory (KB) for MESSAGES emails of 4 KB to a server at PORT.
"""

from __future__ import annotations

import contextlib
import resource
import smtplib
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from automations.clock import FixedClock
from automations.core.leads import LeadKey, Value
from automations.core.messages import Outgoing, message_key
from automations.core.mime import build_message
from automations.core.plan import Send
from automations.core.policy import Business, Sender
from automations.ledger.sqlite import open_ledger
from automations.mail.smtp import SmtpMailer
from automations.sending import Desk, send_all
from automations.templates import TemplateSet, load_templates

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BUSINESS = Business("Bergblick Office Coffee", "Lindenstr. 12, 10969 Berlin, Germany", ZoneInfo("Europe/Berlin"))
ANNA = Sender("anna", "Anna Weber", "anna@shop.example")
TEMPLATE = "welcome-1.md"


def planned(number: int) -> Send:
    """Return one email of a plan."""
    lead = LeadKey(f"person{number:06}@company{number % 977}.example")
    key = message_key("welcome", "welcome-1", lead)
    return Send(lead, str(lead), "welcome", "welcome-1", "anna", NOW, "", "hot", key, company=f"Company {number % 977}")


def lead_values(number: int) -> dict[str, Value]:
    """Return what the template knows of a lead."""
    return {
        "first_name": f"Żaneta{number % 501}",
        "company": f"Kunde {number % 977} & Söhne",
        "employees": number % 200,
        "source": ("Website", "Referral", "Fair")[number % 3],
        "asked_on": date(2026, 11, 1 + number % 20),
        "sender_name": "Anna Weber",
    }


def the_templates() -> TemplateSet:
    """Return the sample's first email."""
    templates, problems = load_templates(Path(__file__).parents[1] / "templates", [TEMPLATE])
    if problems:
        raise SystemExit(str(problems))
    return templates


def compose(templates: TemplateSet, send: Send) -> Outgoing:
    """Return the bytes of one email: rendered, put together, read back."""
    number = int(send.key[6:12])
    return build_message(
        templates.render(TEMPLATE, lead_values(number), BUSINESS),
        sender=ANNA,
        to_address=send.to,
        to_name=f"Żaneta{number % 501} Kowalska",
        message_key=send.message,
        date=NOW,
        business=BUSINESS,
    )


def ours(messages: int, port: int, connections: int) -> Callable[[], object]:
    """Return the whole durable path of this program: reserve, render, MIME, gate and mark, dot, settle."""
    templates, sends = the_templates(), [planned(number) for number in range(messages)]
    compose(templates, sends[0])

    def work() -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.closing(open_ledger(Path(folder) / "ledger")) as ledger,
        ):
            desk = Desk(
                ledger=ledger,
                run=ledger.start_run("run", NOW),
                clock=FixedClock(NOW),
                compose=lambda send: compose(templates, send),
                open_mailer=lambda _: SmtpMailer(host="127.0.0.1", port=port, security="none", connections=connections),
                ask_again=lambda _send, _now: "",
                stopping=lambda: False,
                say=lambda _what, _done, _total: None,
            )
            sent = send_all(sends, desk)
            if sent.accepted != messages:
                raise SystemExit(str(sent))

    return work


def bare_loop(messages: int, port: int, connections: int) -> Callable[[], object]:
    """Return smtplib in a loop with one message that is ready: no rendering, no record."""
    del connections
    content = compose(the_templates(), planned(1)).content

    def work() -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            for number in range(messages):
                server.sendmail("anna@shop.example", [f"person{number}@kunde.example"], content)

    return work


def mailmerge(messages: int, port: int, connections: int) -> Callable[[], object]:
    """Return mailmerge's own command on a list of so many people."""
    del connections
    from mailmerge.__main__ import main  # type: ignore[import-not-found]

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            body = "\n\n".join(["We put a coffee machine into offices, and come by when it needs us."] * 20)
            head = "TO: {{email}}\nSUBJECT: Coffee for {{company}}?\nFROM: Anna Weber <anna@shop.example>\n"
            head += "CONTENT-TYPE: multipart/alternative\n\n"
            Path("mailmerge_template.txt").write_text(f"{head}# Hi {{{{first}}}},\n\n{body}\n", encoding="utf-8")
            rows = "".join(f"p{number}@kunde.example,Kunde {number},Eva\n" for number in range(messages))
            Path("mailmerge_database.csv").write_text(f"email,company,first\n{rows}", encoding="utf-8")
            server = f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\n"
            Path("mailmerge_server.conf").write_text(server, encoding="utf-8")
            with Path("out.txt").open("w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
                main(["--no-dry-run", "--no-limit"], standalone_mode=False)

    return work


def yagmail(messages: int, port: int, connections: int) -> Callable[[], object]:
    """Return yagmail with one connection and a ready text."""
    del connections
    import yagmail as library  # type: ignore[import-not-found]

    def work() -> None:
        body = "<p>We put a coffee machine into offices, and come by when it needs us.</p>" * 40
        server = library.SMTP(
            "anna@shop.example", host="127.0.0.1", port=port, smtp_ssl=False, smtp_starttls=False, smtp_skip_login=True
        )
        for number in range(messages):
            server.send(f"p{number}@kunde.example", f"Coffee for Kunde {number}?", body)
        server.close()

    return work


SENDERS = {each.__name__: each for each in (ours, bare_loop, mailmerge, yagmail)}


def main() -> None:
    """Measure one sender."""
    name, messages, port, *rest = sys.argv[1:]
    work = SENDERS[name](int(messages), int(port), int(rest[0]) if rest else 1)
    began, used = time.perf_counter(), time.process_time()
    work()
    took, spent = time.perf_counter() - began, time.process_time() - used
    print(took, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()

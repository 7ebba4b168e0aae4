"""Is everything connected: the table of checks, and the whole command against real servers on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from crashes import shop
from dovecot import Dovecot

from automations.commands.doctor import doctor_screen
from automations.core.health import (
    DomainFacts,
    Facts,
    Finding,
    HouseFacts,
    Level,
    Moved,
    ServerFacts,
    Tried,
    examine,
    moved_senders,
)
from automations.core.history import MessageRecord, MessageState
from automations.core.leads import LeadKey
from automations.core.messages import MessageKey
from automations.core.policy import Sender
from automations.errors import WrongUsage
from automations.mail.dns import Resolver, look_up_domain, look_up_names
from automations.mail.dns_sim import DnsSim, Zone
from automations.mail.smtp_sim import Answer, obliging, script

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROOM = 10**10
HOUSE = HouseFacts(date(2026, 11, 23), now=NOW, free_bytes=ROOM)
GOOD = DomainFacts(
    "shop.example",
    txt=("google-site-verification=x", "v=spf1 include:_spf.google.com ~all"),
    dmarc=("v=DMARC1; p=none; rua=mailto:d@shop.example",),
    dkim={"google": ("v=DKIM1; k=rsa; p=MIGf",)},
    mx=("mx.shop.example.",),
)


def wrong(domain: DomainFacts | None = None, house: HouseFacts = HOUSE, **more: object) -> list[tuple[str, str]]:
    """Return what is not ok, as level and the words before the colon or so."""
    facts = Facts(domains=(domain or GOOD,), house=house, **more)  # type: ignore[arg-type]
    return [(each.level, each.what) for each in examine(facts) if each.level is not Level.OK]


def domain(**changes: object) -> DomainFacts:
    """Return the good domain with something changed."""
    return replace(GOOD, **changes)  # type: ignore[arg-type]


def test_when_all_is_well_every_line_is_ok() -> None:
    """A good domain on a healthy machine gives only ok."""
    assert wrong() == []


DOMAINS: Mapping[str, tuple[DomainFacts, list[tuple[str, str]]]] = {
    "no SPF": (
        domain(txt=("v=spf10 not this",)),
        [("FAIL", "shop.example has no SPF record: receivers cannot tell your emails from forged ones")],
    ),
    "two SPF records": (
        domain(txt=("v=spf1 -all", "V=SPF1 mx ~all")),
        [("FAIL", "shop.example has 2 SPF records, so none of them counts")],
    ),
    "SPF for everybody": (
        domain(txt=("v=spf1 +all",)),
        [("FAIL", "shop.example: SPF lets everybody send in your name (+all)")],
    ),
    "a DKIM key that was revoked": (
        domain(dkim={"google": ("v=DKIM1; p=",)}),
        [("FAIL", "shop.example: the DKIM key google is revoked")],
    ),
    "no DKIM key where it should be": (
        domain(dkim={"s7": ()}, selector_is_known=True),
        [("FAIL", "shop.example has no DKIM key s7: signatures cannot be checked")],
    ),
    "no DKIM key under the usual names": (
        domain(dkim={"google": (), "mail": ()}),
        [("WARN", "shop.example: no DKIM key found under the usual names (google, mail)")],
    ),
    "no DMARC": (domain(dmarc=()), [("FAIL", "shop.example has no DMARC record: Gmail may refuse bulk mail")]),
    "two DMARC records": (
        domain(dmarc=("v=DMARC1; p=none", "v=DMARC1; p=reject")),
        [("FAIL", "shop.example has 2 DMARC records, so none of them counts: Gmail may refuse bulk mail")],
    ),
    "DMARC without a policy": (
        domain(dmarc=("v=DMARC1; rua=mailto:a@b.example",)),
        [("FAIL", "shop.example: its DMARC record names no policy")],
    ),
    "no MX": (
        domain(mx=()),
        [("FAIL", "shop.example takes no email (no MX record): answers and bounces are lost")],
    ),
    "null MX": (
        domain(mx=(".",)),
        [("FAIL", "shop.example takes no email (no MX record): answers and bounces are lost")],
    ),
    "not asked": (
        domain(problem="no answer in time"),
        [("WARN", "shop.example could not be looked up: no answer in time")],
    ),
    "many to Gmail": (
        domain(per_day_gmail=6200),
        [
            (
                "WARN",
                (
                    "shop.example: 6,200 emails to Gmail in one day; from 5,000 on it demands DMARC,"
                    " signatures that fit, and one-click unsubscribing"
                ),
            )
        ],
    ),
}


@pytest.mark.parametrize(("facts", "expected"), DOMAINS.values(), ids=DOMAINS.keys())
def test_fault_114_what_receivers_look_at(facts: DomainFacts, expected: list[tuple[str, str]]) -> None:
    """Each thing that makes Gmail, Yahoo or Outlook refuse mail is named, with what to publish."""
    assert wrong(facts) == expected


HOUSES: Mapping[str, tuple[HouseFacts, list[str]]] = {
    "clock": (
        HouseFacts(date(2026, 11, 23), now=NOW, free_bytes=ROOM, last_known=NOW + timedelta(hours=1)),
        ["the clock is behind what the ledger has seen"],
    ),
    "full": (HouseFacts(HOUSE.today, free_bytes=2**20), ["disk: 1 MB are free, at least 50 MB are needed"]),
    "nearly full": (HouseFacts(HOUSE.today, free_bytes=100 * 2**20), ["disk: 100 MB are free"]),
    "broken ledger": (
        HouseFacts(HOUSE.today, free_bytes=ROOM, ledger_problem="ledger.db: the ledger is damaged"),
        ["ledger: ledger.db: the ledger is damaged"],
    ),
    "strange ledger": (
        HouseFacts(HOUSE.today, free_bytes=ROOM, strange=("It was last used on another machine.",)),
        ["ledger: It was last used on another machine. Nothing is sent."],
    ),
    "things to decide": (
        HouseFacts(HOUSE.today, free_bytes=ROOM, in_doubt=2, paused="fair"),
        ["2 emails are in doubt", "sending is paused (fair)"],
    ),
    "moved": (
        replace(HOUSE, moved=(Moved("anna", "old.example", "shop.example", 2),)),
        ["anna wrote to 2 leads from old.example, and writes from shop.example now"],
    ),
    "runs": (
        HouseFacts(
            HOUSE.today, now=NOW, free_bytes=ROOM, last_exit=3, jobs=(("run", None),), last_copy=NOW - timedelta(days=9)
        ),
        ["the last run ended with exit code 3", "job run has never run", "the last copy of your leads is 9 days old"],
    ),
}


@pytest.mark.parametrize(("house", "expected"), HOUSES.values(), ids=HOUSES.keys())
def test_what_is_wrong_at_home(house: HouseFacts, expected: list[str]) -> None:
    """Clock, disk, ledger, last runs: each has its line when something is wrong."""
    assert [what for _, what in wrong(house=house)] == expected


@pytest.mark.parametrize(
    ("today", "says"), [(date(2026, 11, 23), "turns off"), (date(2027, 1, 2), "turned off")], ids=["before", "after"]
)
def test_microsofts_end_of_password_logins(today: date, says: str) -> None:
    """A Microsoft 365 sender with a password is told of the end, and of the command; one with a token is not."""
    server = ServerFacts("smtp.office365.com", ("sales",), uses_password=True)
    house = HouseFacts(today, free_bytes=ROOM)

    found = examine(Facts(servers=(server,), house=house))
    with_token = examine(Facts(servers=(ServerFacts("smtp.office365.com", ("sales",)),), house=house))

    assert [(each.level, each.fix) for each in found if "Microsoft" in each.what] == [
        (Level.WARN, "leadwright connect microsoft --sender sales   (5 minutes, an admin must agree once)")
    ]
    assert any(f"Microsoft {says} password logins" in each.what for each in found)
    assert all("Microsoft" not in each.what for each in with_token)


def test_an_own_server_needs_a_name_for_its_address() -> None:
    """A server of one's own without a PTR record is told of; the big providers see to theirs."""
    own = ServerFacts("mail.shop.example", ("anna",), {"192.0.2.7": ()})
    big = ServerFacts("smtp.gmail.com", ("anna",), {"192.0.2.8": ()})

    assert [what for _, what in wrong(servers=(own, big))] == [
        "mail.shop.example: its address 192.0.2.7 has no name (PTR record); Gmail may refuse what it sends"
    ]


def test_the_screen_has_one_line_for_a_check_and_the_fix_under_it() -> None:
    """ok, WARN and FAIL stand in front; what to do stands under what is wrong."""
    findings = [
        Finding(Level.OK, "config.yaml"),
        Finding(Level.FAIL, "shop.example has no DMARC record: Gmail may refuse bulk mail", "add this DNS line: ..."),
    ]

    assert doctor_screen(findings) == (
        "  ok    config.yaml\n"
        "  FAIL  shop.example has no DMARC record: Gmail may refuse bulk mail\n"
        "        do this: add this DNS line: ..."
    )


def test_what_was_tried_and_failed_says_what_to_do() -> None:
    """A login that does not work is a FAIL with the setting to look at."""
    facts = Facts(tried=(Tried("anna: login, sends", "535 no", "look at senders, anna, smtp"),), house=HOUSE)

    assert Finding(Level.FAIL, "anna: login, sends: 535 no", "look at senders, anna, smtp") in examine(facts)


ZONE: Zone = {
    ("shop.example", "TXT"): ['"v=spf1 include:" "_spf.google.com ~all"'],
    ("shop.example", "MX"): ["20 b.shop.example.", "10 a.shop.example."],
    ("_dmarc.shop.example", "TXT"): ['"v=DMARC1; p=reject"'],
    ("s7._domainkey.shop.example", "TXT"): ['"v=DKIM1; p=MIGf"'],
    ("mail.shop.example", "A"): ["192.0.2.7"],
    ("7.2.0.192.in-addr.arpa", "PTR"): ["mail.shop.example."],
}


def test_a_domain_is_looked_up_through_a_resolver_that_is_named() -> None:
    """Texts are put together from their parts, exchanges come in their order, and missing names are no errors."""
    with DnsSim(ZONE) as server:
        resolver = Resolver(f"127.0.0.1:{server.port}")
        found = look_up_domain(resolver, "shop.example", ["s7"])
        below = look_up_domain(resolver, "news.shop.example", ["s7"])
        names = look_up_names(resolver, "mail.shop.example")

    assert found.txt == ("v=spf1 include:_spf.google.com ~all",)
    assert found.mx == ("a.shop.example.", "b.shop.example.")
    assert (found.dkim, found.selector_is_known) == ({"s7": ("v=DKIM1; p=MIGf",)}, True)
    assert (below.txt, below.dmarc) == ((), ("v=DMARC1; p=reject",))
    assert names == {"192.0.2.7": ("mail.shop.example.",)}


def test_a_resolver_that_is_none_is_refused() -> None:
    """A name instead of an address cannot be asked."""
    with pytest.raises(WrongUsage, match="is no name server"):
        Resolver("dns.shop.example:53")


@pytest.mark.needs_dovecot
def test_the_whole_command_against_real_servers(tmp_path: Path) -> None:
    """Source, server, mailbox, names, ledger and jobs are tried at once; nothing is sent; --json has the same."""
    with (
        DnsSim(ZONE) as names,
        Dovecot(tmp_path, users={"anna": "geheim"}) as box,
        shop(tmp_path, 3, obliging, box) as at,
        at.start("doctor", "--resolver", f"127.0.0.1:{names.port}") as process,
    ):
        out, err = process.communicate(timeout=60)
        with at.start("--json", "doctor", "--resolver", f"127.0.0.1:{names.port}") as again:
            told = json.loads(again.communicate(timeout=60)[0])
        commands = [line.split(" ")[0].upper() for line in at.server.commands]

    assert err == ""
    assert out.splitlines() == [
        "  ok    config.yaml",
        "  ok    leads.xlsx, 3 rows, can be written",
        "  ok    anna: login, sends",
        "  ok    anna: inbox, reads replies",
        "  ok    shop.example: SPF",
        "  WARN  shop.example: no DKIM key found under the usual names (google,",
        "        selector1, selector2, default, mail, dkim, k1, s1)",
        "        do this: turn on DKIM at your mail provider, or name its selector:",
        "        senders, dkim_selector",
        "  ok    shop.example: DMARC",
        "  ok    shop.example: MX",
        "  ok    clock",
        "  ok    disk",
        "  ok    ledger",
    ]
    assert process.returncode == 0
    assert [check["what"] for check in told["checks"]][:3] == [
        "config.yaml",
        "leads.xlsx, 3 rows, can be written",
        "anna: login, sends",
    ]
    assert commands == ["EHLO", "QUIT"] * 2


def test_a_server_that_refuses_is_a_fail(tmp_path: Path) -> None:
    """When the mail server turns us away, the line says so, and the command ends with 1."""
    weather = script({(0, "greeting"): Answer(b"421 4.3.2 closed for today", close=True)})
    with (
        DnsSim(ZONE) as names,
        shop(tmp_path, 1, weather) as at,
        at.start("--json", "doctor", "--resolver", f"127.0.0.1:{names.port}") as process,
    ):
        told = json.loads(process.communicate(timeout=60)[0])

    failed = [check["what"] for check in told["checks"] if check["level"] == "FAIL"]
    assert process.returncode == 1
    assert [what.partition(": ")[0] for what in failed] == ["anna"]
    assert "closed for today" in failed[0]


def test_fault_45_a_sender_whose_domain_changed_is_told_of() -> None:
    """Whose last email came from another domain than the next one will: counted by lead, the newest email decides."""
    anna = Sender("anna", "Anna", "anna@new.example")

    def mail(number: int, lead: str, domain: str, state: MessageState = MessageState.ACCEPTED) -> MessageRecord:
        at = NOW + timedelta(minutes=number)
        key = MessageKey(f"{number:052}")
        about = (
            key,
            "welcome",
            "hello",
            LeadKey(lead),
            lead,
            "",
            "anna",
            state,
            at,
            at,
            "Hi",
            f"<{key[:26]}@{domain}>",
        )
        return MessageRecord(*about)

    records = [
        mail(1, "a@x.example", "old.example"),
        mail(2, "b@x.example", "old.example"),
        mail(3, "b@x.example", "new.example"),
        mail(4, "c@x.example", "old.example", MessageState.REFUSED),
    ]

    assert moved_senders(records, [anna]) == (Moved("anna", "old.example", "new.example", 1),)

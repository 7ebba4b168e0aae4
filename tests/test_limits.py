from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from automations.core.breakers import too_many_bounces
from automations.core.calendars import Calendar
from automations.core.candidates import Candidate, company_of
from automations.core.conditions import Compare, Condition
from automations.core.history import (
    History,
    LeadHistory,
    MessageRecord,
    MessageState,
    Pause,
    Signal,
    SignalKind,
    Suppression,
    Suppressions,
)
from automations.core.leads import Columns, Field, Lead, LeadKey
from automations.core.limits import choose
from automations.core.messages import Fault, MessageKey
from automations.core.plan import Hold, HoldKind
from automations.core.policy import Business, EmailSequence, Limits, Policy, Rate, Ruleset, Sender, SendWindow, Step

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar((BERLIN,), SendWindow(time(9), time(17)), frozenset({date(2026, 12, 25)}))
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # Monday, 10:00 in Berlin
ANNA = Sender("anna", "Anna Weber", "anna@shop.example", per_day=2)
HELLO = Step("hello", template="hello.md")
WELCOME = EmailSequence("welcome", Condition("x", Compare("stage", "is", ("New",))), (HELLO,), senders=("anna",))
POLICY = Policy(
    business=Business("Shop", "Street 1, Berlin", BERLIN),
    columns=Columns((Field("email", "Email"),), key="email", email="email"),
    rules=Ruleset(),
    senders=(ANNA,),
    limits=Limits(window=SendWindow(time(9), time(17))),
)


def candidate(name: str, **changes: object) -> Candidate:
    """Return the first email to somebody, due now."""
    address = f"{name}@{name}.example"
    due = Candidate(
        lead=Lead(LeadKey(address), 2, (address,), (), address),
        known=LeadHistory(),
        sequence=WELCOME,
        step=HELLO,
        due=NOW,
        score=50,
        company=f"{name}.example",
        calendar=OFFICE,
        because="x",
        sender=ANNA,
    )
    return replace(due, **changes)  # type: ignore[arg-type]  # the tests name real fields


def sent(name: str, at: datetime, *, state: MessageState = MessageState.ACCEPTED, company: str = "") -> MessageRecord:
    """Return an email somebody got."""
    return MessageRecord(
        key=MessageKey(f"{name}{at}"),
        sequence="other",
        step="first",
        lead_key=LeadKey(f"{name}@{name}.example"),
        address=f"{name}@{name}.example",
        company=company or f"{name}.example",
        sender="anna",
        state=state,
        at=at,
        reserved_at=at,
        subject="",
        message_id="",
    )


def decide(
    *candidates: Candidate,
    history: History | None = None,
    policy: Policy = POLICY,
    now: datetime = NOW,
    at_most: int | None = None,
) -> tuple[list[str], list[tuple[HoldKind, str, datetime | None]]]:
    """Return whose emails leave, and why and until when the others wait."""
    chosen, _, holds = choose(
        candidates,
        policy=policy,
        history=history or History(),
        now=now,
        at_most=at_most,
        writes=lambda _: "",
    )
    return [each.lead.key for each in chosen], [(hold.kind, hold.why, hold.until) for hold in holds]


def test_an_email_that_nothing_speaks_against_leaves() -> None:
    """Monday at ten, nobody mailed, nobody suppressed: it goes."""
    assert decide(candidate("eva")) == (["eva@eva.example"], [])


def test_outside_the_hours_an_email_waits_for_the_morning() -> None:
    """On Friday evening it waits until Monday, nine o'clock where the lead is."""
    friday_evening = datetime(2026, 11, 20, 18, tzinfo=UTC)

    _, holds = decide(candidate("eva"), now=friday_evening)

    assert holds == [
        (
            HoldKind.WINDOW,
            "it is outside the sending hours where the lead is",
            datetime(2026, 11, 23, 8, tzinfo=UTC),
        )
    ]


def test_a_lead_elsewhere_is_written_to_in_its_own_morning() -> None:
    """Ten in Berlin is four in New York: too early."""
    _, holds = decide(candidate("eva", calendar=OFFICE._replace(zones=(ZoneInfo("America/New_York"),))))

    assert [(kind, until) for kind, _, until in holds] == [
        (HoldKind.WINDOW, datetime(2026, 11, 23, 14, tzinfo=UTC)),
    ]


def test_a_sender_stops_at_the_limit_of_the_day() -> None:
    """Two a day are two a day, counting those that left already; the best leads go first."""
    history = History(messages=(sent("old", NOW - timedelta(hours=1)),))

    chosen, holds = decide(candidate("eva"), candidate("tom", score=90), candidate("kim", score=70), history=history)

    assert chosen == ["tom@tom.example"]
    assert holds == [
        (HoldKind.SENDER_FULL, "anna's 2 emails of today are given away", datetime(2026, 11, 24, 8, tzinfo=UTC)),
        (HoldKind.SENDER_FULL, "anna's 2 emails of today are given away", datetime(2026, 11, 24, 8, tzinfo=UTC)),
    ]


@pytest.mark.parametrize("state", [MessageState.ACCEPTED, MessageState.IN_DOUBT])
def test_nobody_gets_two_emails_within_the_gap(state: MessageState) -> None:
    """What may be in an inbox counts: an email accepted or in doubt yesterday evening means not before this evening."""
    history = History(messages=(sent("eva", NOW - timedelta(hours=15), state=state),))

    _, holds = decide(candidate("eva"), history=history)

    assert holds == [
        (HoldKind.GAP, "got an email Sun 22 Nov 19:00", datetime(2026, 11, 24, 8, tzinfo=UTC)),
    ]


def test_an_email_that_was_put_off_takes_nobodys_turn() -> None:
    """A deferred email is in no inbox and counts against no limit."""
    history = History(messages=(sent("eva", NOW - timedelta(hours=1), state=MessageState.DEFERRED),))

    assert decide(candidate("eva"), history=history) == (["eva@eva.example"], [])


def test_colleagues_are_not_written_to_at_once() -> None:
    """One email per company in three days, also within one plan."""
    policy = replace(POLICY, limits=replace(POLICY.limits, per_company=Rate(1, timedelta(days=3))))

    chosen, holds = decide(
        candidate("eva", company="muster ag"), candidate("tom", company="muster ag", score=80), policy=policy
    )

    assert chosen == ["tom@tom.example"]
    assert holds == [
        (
            HoldKind.COMPANY,
            "a colleague at muster ag got an email today 10:00",
            datetime(2026, 11, 26, 9, tzinfo=UTC),
        )
    ]


def test_a_suppressed_address_is_never_written_to() -> None:
    """Whoever unsubscribed stays unsubscribed, in any spelling of the address."""
    history = History(suppressed=Suppressions({"eva@eva.example": Suppression("eva@eva.example", "unsubscribed", NOW)}))

    _, holds = decide(candidate("eva"), history=history)

    assert holds == [(HoldKind.SUPPRESSED, "unsubscribed", None)]


def test_two_leads_with_one_address_get_one_email() -> None:
    """The same mailbox under two keys is one person; which of the two does not depend on the row."""
    eva, double = candidate("eva"), candidate("eva", score=99)
    double = replace(double, lead=double.lead._replace(key=LeadKey("zz-7")))

    chosen, holds = decide(double, eva)

    assert chosen == ["eva@eva.example"]
    assert [kind for kind, _, _ in holds] == [HoldKind.SAME_ADDRESS]


def test_a_pause_holds_everything() -> None:
    """A person who pauses stops all sending."""
    history = History(pause=Pause(NOW - timedelta(hours=1), "trade fair"))

    _, holds = decide(candidate("eva"), history=history)

    assert holds == [
        (HoldKind.PAUSED, "paused since today 09:00: trade fair; go on with  leadwright resume", None),
    ]


def test_an_email_in_doubt_holds_everything_else_to_that_lead() -> None:
    """Until somebody knows whether an email arrived, nothing more goes there."""
    doubtful = replace(sent("eva", NOW - timedelta(days=9)), state=MessageState.IN_DOUBT, step="hello")

    _, holds = decide(candidate("eva", known=LeadHistory(messages=(doubtful,))))

    assert holds == [
        (HoldKind.IN_DOUBT, "nobody knows whether hello arrived: decide with  leadwright settle", None),
    ]


def test_a_run_can_be_kept_small() -> None:
    """--at-most 1 sends the first one."""
    chosen, holds = decide(candidate("eva"), candidate("tom", score=90), at_most=1)

    assert chosen == ["tom@tom.example"]
    assert holds == [(HoldKind.RUN_FULL, "this run stops after 1 email", None)]


def test_an_email_that_cannot_be_written_takes_nobodys_place() -> None:
    """A template that fails for one lead holds that lead; the next one gets the sender's last place of the day."""
    policy = replace(POLICY, senders=(replace(ANNA, per_day=1),))
    one = replace(ANNA, per_day=1)

    chosen, _, holds = choose(
        [candidate("eva", sender=one), candidate("tom", sender=one, score=90)],
        policy=policy,
        history=History(),
        now=NOW,
        at_most=None,
        writes=lambda each: "hello.md:3 uses company" if each.lead.key.startswith("tom") else "",
    )

    assert [each.lead.key for each in chosen] == ["eva@eva.example"]
    assert holds == (Hold(LeadKey("tom@tom.example"), "welcome, hello", "hello.md:3 uses company", HoldKind.TEMPLATE),)


def test_too_many_bounces_stop_all_sending() -> None:
    """Over 5 percent of the last week's emails bouncing means something is wrong with where the leads come from."""
    day = timedelta(days=1)
    good = [sent(f"good{number}", NOW - day) for number in range(18)]
    bad = [
        replace(sent(f"bad{number}", NOW - day), state=MessageState.REFUSED, fault=Fault.ADDRESS) for number in range(2)
    ]
    leads = {
        each.lead_key: LeadHistory(messages=(each,), signals=(Signal(SignalKind.BOUNCED, NOW - day),)) for each in bad
    }

    history = History(leads=leads, messages=tuple(good + bad))

    assert too_many_bounces(history, 0.05, NOW) == (
        "2 of 20 emails of the last 7 days bounced (limits.pause_if_bounces_over: 5%);"
        " check where these leads come from"
    )
    assert too_many_bounces(history, 0.10, NOW) == ""
    assert too_many_bounces(replace(history, messages=tuple(good[:1] + bad)), 0.05, NOW) == ""
    assert too_many_bounces(history, None, NOW) == ""


@pytest.mark.parametrize(
    ("company", "address", "expected"),
    [
        ("Muster  AG ", "eva@muster.example", "muster ag"),
        (None, "eva@muster.example", "muster.example"),
        (None, "eva@free.test", ""),
    ],
)
def test_whose_limit_an_email_counts_against(company: str | None, address: str, expected: str) -> None:
    """The company as written, else the address's own domain; a free mailbox stands for itself."""
    assert company_of(company, address, frozenset({"free.test"})) == expected


def failed(name: str, at: datetime) -> Signal:
    """Return that an email somebody got came back, a minute later."""
    return Signal(SignalKind.FAILED, at + timedelta(minutes=1), "the mailbox is full", message=f"{name}{at}")


def test_who_is_out_of_office_is_written_to_again_when_they_are_back() -> None:
    """An absence holds until its end, moved into the sending hours; afterwards it holds nothing."""
    back = datetime(2026, 11, 27, 23, tzinfo=UTC)
    away = Signal(SignalKind.ABSENT, NOW - timedelta(days=3), until=back)
    due = candidate("eva", known=LeadHistory(signals=(away,)))

    _, ((kind, _, until),) = decide(due)
    assert (kind, until) == (HoldKind.ABSENT, datetime(2026, 11, 30, 8, tzinfo=UTC))
    assert decide(due, now=datetime(2026, 11, 30, 9, tzinfo=UTC)) == (["eva@eva.example"], [])


@pytest.mark.parametrize(("times", "kinds"), [(2, []), (3, [HoldKind.FAILING])])
def test_three_emails_in_a_row_that_came_back_hold_a_lead(times: int, kinds: list[HoldKind]) -> None:
    """Two full mailboxes are bad luck; three in a row, and the lead is left alone for a month."""
    days = [NOW - timedelta(days=5 * number) for number in range(1, 4)]
    known = LeadHistory(
        messages=tuple(sent("eva", day) for day in days), signals=tuple(failed("eva", day) for day in days[:times])
    )
    due = candidate("eva", known=known)

    assert [kind for kind, _, _ in decide(due)[1]] == kinds
    assert decide(due, now=NOW + timedelta(days=28)) == (["eva@eva.example"], [])


@pytest.mark.parametrize(
    ("unreadable", "kinds"),
    [
        ({}, []),
        ({"anna": NOW - timedelta(hours=24)}, []),
        ({"anna": NOW - timedelta(hours=25)}, [HoldKind.UNHEARD]),
        ({"anna": None}, [HoldKind.UNHEARD]),
        ({"jonas": None}, []),
    ],
    ids=["read", "a day ago", "longer ago", "never", "another mailbox"],
)
def test_who_may_have_answered_is_not_written_to_while_nobody_reads(
    unreadable: dict[str, datetime | None], kinds: list[HoldKind]
) -> None:
    """Anna's mailbox could not be read for more than a day: who got an email of hers waits, and a new lead does not."""
    got_one = candidate("eva", known=LeadHistory(messages=(sent("eva", NOW - timedelta(days=3)),)))

    chosen, holds = decide(got_one, candidate("tom"), history=History(unreadable=unreadable))

    assert [kind for kind, _, _ in holds] == kinds
    assert ("eva@eva.example" in chosen, "tom@tom.example" in chosen) == (not kinds, True)

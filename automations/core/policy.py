"""The policy: what the owner asked for in config.yaml, as frozen values that `make_plan` decides by.

`config` makes it; nothing in it refers to YAML any more, except the *where* of a rule (``config.yaml:36``), which
`explain` shows. Secrets and connection settings are not part of it: deciding needs none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from automations.core.conditions import Condition
from automations.core.incoming import Says
from automations.core.leads import Columns, Value


@dataclass(frozen=True, slots=True)
class Fade:
    """Points that lose *share* (0 < share < 1) of themselves *per* so much time since the date in field *since*."""

    share: float
    per: timedelta
    since: str


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """*points* (may be negative) for a lead when the condition holds; *because* is shown to salespeople."""

    points: int
    when: Condition
    because: str
    group: str | None = None
    fades: Fade | None = None

    @property
    def where(self) -> str:
        """Return where the rule is written: ``config.yaml:36``."""
        return self.when.where


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """Leads for which *when* holds belong to *name*, unless an earlier segment took them; None takes the rest."""

    name: str
    when: Condition | None


@dataclass(frozen=True, slots=True)
class StageRule:
    """A lead for which *when* holds moves forward to stage *move_to*."""

    move_to: str
    when: Condition


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything that qualifies a lead. *stages* run from first to last; *caps* limit the sum of a group's points."""

    scoring: tuple[ScoringRule, ...] = ()
    caps: tuple[tuple[str, int], ...] = ()
    segments: tuple[SegmentRule, ...] = ()
    stages: tuple[str, ...] = ()
    stage_rules: tuple[StageRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Time since the previous step: a *duration*, or *business_days* when that is not 0. Never both, never nothing."""

    duration: timedelta = timedelta(0)
    business_days: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One email or task of a sequence, known by *name*: ``welcome-1``.

    *template* is the path of an email's template, relative to templates/; a task has *task*, the text of a template.
    *wait* is the time since the previous step ended (None: at once). An email that could leave only later than
    *late_after* its time does not leave by itself any more (None: however late). *variants* are other templates of
    the same email: each lead gets one of them all, always the same.
    """

    name: str
    template: str = ""
    task: str = ""
    wait: Wait | None = None
    only_if: Condition | None = None
    where: str = ""
    late_after: timedelta | None = None
    variants: tuple[str, ...] = ()

    @property
    def is_email(self) -> bool:
        """Return whether this step is an email."""
        return bool(self.template)

    @property
    def templates(self) -> tuple[str, ...]:
        """Return all templates of an email, in the order the owner named them; none of a task."""
        return (self.template, *self.variants) if self.template else ()


@dataclass(frozen=True, slots=True)
class EmailSequence:
    """Ordered emails and tasks for every lead for which *start_when* holds, once per lead.

    Who writes is one of *senders* (`core.rotation`), or the one named in the lead's field *sender_field*.
    Replies, bounces and unsubscribes always stop it; *stop_when* and *stop_on_company_reply* do so besides.
    """

    name: str
    start_when: Condition
    steps: tuple[Step, ...]
    senders: tuple[str, ...] = ()
    sender_field: str | None = None
    stop_when: tuple[Condition, ...] = ()
    stop_on_company_reply: bool = False


@dataclass(frozen=True, slots=True)
class SendWindow:
    """Local wall-clock hours in which emails may leave: *opens* <= t < *closes*, on *weekdays* (Monday is 0)."""

    opens: time = time(9)
    closes: time = time(17)
    weekdays: frozenset[int] = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *count* in any span of *per*."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """What keeps a run small and polite. None switches a limit off."""

    window: SendWindow | None = None
    gap: timedelta = timedelta(days=1)
    """Least time between two emails to one lead, over all sequences; longer than zero (law 2)."""
    per_company: Rate | None = None
    per_domain: Rate | None = None
    """How often one receiving domain (``gmail.com``) gets an email, whoever it is for."""
    per_lead: Rate | None = None
    """How often one person gets an email, over all sequences, besides the gap."""
    spread: bool = False
    """Whether a sender's emails leave one by one over the day, at uneven minutes, instead of together."""
    ask_me_above: int | None = None
    pause_if_bounces_over: float | None = None
    """Share of bounces (0 < share < 1) among the last week's emails, counted from 20 emails on."""
    pause_if_complaints_over: float | None = None
    """The same of emails that were marked as spam."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A new sender's first days: *first* emails on the first, *add* more on each day after it, up to its per_day."""

    first: int
    add: int


@dataclass(frozen=True, slots=True)
class Sender:
    """The person emails come from. *per_day* counts in the business's own day; None is no cap."""

    name: str
    display_name: str
    address: str
    per_day: int | None = None
    reply_to: str = ""
    warm_up: WarmUp | None = None
    signature: str = ""
    """The file in templates/ that ends their emails; "" for none."""


@dataclass(frozen=True, slots=True)
class Business:
    """Who we are; *address* is printed under every email. *zone* is where the business's days begin and end."""

    name: str
    address: str
    zone: ZoneInfo
    holidays: str = ""
    """Whose public holidays: a country, or a country and a subdivision (``DE-BE``); empty for none."""


@dataclass(frozen=True, slots=True)
class Example:
    """A fact the owner states under ``tests:``: a lead like this comes out like that. None is not asked about."""

    name: str
    values: tuple[tuple[str, Value], ...]
    score: int | None = None
    segment: str | None = None
    stage: str | None = None
    starts: str | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class LinkTags:
    """What is added to links that lead to *site* or a part of it, so that its statistics name the email."""

    site: str
    source: str = "leadwright"
    medium: str = "email"


@dataclass(frozen=True, slots=True)
class Alerts:
    """Who of us is told of what; "" for nobody.

    Of a *hot_lead* and of a *reply* a sender, or a field that names one for each lead; of a *problem* an address.
    """

    hot_lead: str = ""
    reply: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the owner asked for, whole."""

    business: Business
    columns: Columns
    rules: Ruleset
    sequences: tuple[EmailSequence, ...] = ()
    senders: tuple[Sender, ...] = ()
    limits: Limits = Limits()
    override_for: timedelta | None = None
    """How long a typed value wins; None is until its cell is cleared."""
    examples: tuple[Example, ...] = ()
    tag_links: LinkTags | None = None
    alerts: Alerts = Alerts()
    replies: tuple[tuple[Says, tuple[str, ...]], ...] = ()
    """The owner's own phrases for what replies say, beside ours."""


class Days(NamedTuple):
    """The days of one country: *holidays*, and on which weekdays people work there (Monday is 0)."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[int] = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Facts:
    """Knowledge of the world that deciding needs, fetched beforehand.

    *country_zones* maps a country as people write it (case folded: name in many languages, or code) to its zones.
    *holidays* are days on which nothing is sent and which are no business days. *country_days* maps countries, written
    in the same ways, to theirs, those of *holidays* included; one that is not there has the business's own days.
    """

    free_mailbox_domains: frozenset[str] = frozenset()
    disposable_domains: frozenset[str] = frozenset()
    role_names: frozenset[str] = frozenset()
    holidays: frozenset[date] = frozenset()
    country_zones: dict[str, tuple[ZoneInfo, ...]] = field(default_factory=dict)
    country_days: dict[str, Days] = field(default_factory=dict)

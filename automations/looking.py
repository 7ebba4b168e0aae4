"""Looking at one lead, or at one email, as a run would see it now. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from automations.core.books import display_name, key_rule
from automations.core.history import LeadHistory
from automations.core.leads import Book, Lead
from automations.core.plan import Hold, Move, Send, Task
from automations.core.rules import Qualification
from automations.core.standing import stand
from automations.core.traces import Trace, trace
from automations.errors import WrongUsage
from automations.workplace import Workplace, read_and_decide

_FEW = 5
"""How many keys are named when several leads are meant."""


@dataclass(frozen=True, slots=True)
class LeadView:
    """Everything there is to say about one lead: what the rules made of it, what was sent, what comes next."""

    lead: Lead
    name: str
    qualification: Qualification
    trace: Trace
    history: LeadHistory
    sends: tuple[Send, ...]
    later: tuple[Send, ...]
    holds: tuple[Hold, ...]
    tasks: tuple[Task, ...]
    moves: tuple[Move, ...] = ()


def look_at_lead(workplace: Workplace, key_text: str, now: datetime) -> LeadView:
    """Return everything there is to say about the lead that people call *key_text*.

    Raises WrongUsage, with the nearest key, when there is none.
    """
    with workplace.open_ledger() as ledger:
        found = read_and_decide(workplace, workplace.open_source(), ledger, now)
        lead = find_lead(found.book, key_text)
        history = ledger.history(now).of(lead.key)
    standing = stand(lead, history, workplace.policy, now)
    traced = trace(
        standing.given,
        workplace.policy.columns,
        workplace.policy.rules,
        found.playbook.facts,
        now.astimezone(workplace.policy.business.zone).date(),
    )
    plan = found.decision.plan
    return LeadView(
        lead=lead,
        name=display_name(workplace.policy.columns, lead),
        qualification=traced.qualification,
        trace=traced,
        # What a person typed since the last run counts already, and is told.
        history=history._replace(typed=standing.typed),
        sends=tuple(each for each in plan.sends if each.key == lead.key),
        later=tuple(each for each in plan.later if each.key == lead.key),
        holds=tuple(each for each in plan.holds if each.key == lead.key),
        tasks=tuple(each for each in plan.tasks if each.key == lead.key),
        moves=tuple(each for each in plan.moves if each.key == lead.key),
    )


def find_lead(book: Book, key_text: str) -> Lead:
    """Return the lead with this key, however it is spelled, or the only one whose name has these words in it.

    Raises WrongUsage with the nearest key, or with those of all that are meant.
    """
    key = key_rule(book.columns).key_of(key_text)
    lead = next((each for each in book.leads if each.key == key), None)
    if lead:
        return lead
    called = _called(book, key_text)
    if len(called) == 1:
        return called[0]
    if called:
        keys = ", ".join(each.key for each in called[:_FEW]) + (", ..." if len(called) > _FEW else "")
        raise WrongUsage(f'{len(called)} leads are called "{key_text}"', fix=f"name one of them: {keys}")
    wanted = key_text.strip().casefold()
    named = next((problem for problem in book.problems if wanted and wanted in str(problem).casefold()), None)
    if named:
        raise WrongUsage(f"{key_text} cannot be used: {named.where}: {named.what}", fix=named.fix)
    near = get_close_matches(key_text, [each.key for each in book.leads], n=1)
    raise WrongUsage(
        f'{book.sheet} has no lead "{key_text}"', fix=f'did you mean "{near[0]}"?' if near else "see  leadwright plan"
    )


def _called(book: Book, words: str) -> list[Lead]:
    """Return the leads in whose name or company *words* stand, by row."""
    wanted = words.casefold().split()
    found = (each for each in book.leads if wanted and _has_words(display_name(book.columns, each), wanted))
    return sorted(found, key=lambda each: each.row)


def _has_words(name: str, wanted: Sequence[str]) -> bool:
    words = name.casefold().replace(",", " ").split()
    return all(word in words for word in wanted)

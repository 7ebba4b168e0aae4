"""Looking at one lead, or at one email, as a run would see it now. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from automations.core.books import display_name, key_rule
from automations.core.candidates import Candidate
from automations.core.courses import Moment, calendar_of, sender_for
from automations.core.history import History, LeadHistory
from automations.core.leads import Book, Lead
from automations.core.letters import Letter, Words, compose, key_of
from automations.core.messages import Outgoing, Rendered
from automations.core.outlook import with_email
from automations.core.plan import Hold, Move, Send, Task
from automations.core.playbook import CannotWrite
from automations.core.policy import EmailSequence, Policy, Step
from automations.core.rules import Qualification
from automations.core.standing import Standing, stand
from automations.core.traces import Trace, trace
from automations.errors import LeadwrightError, WrongUsage
from automations.runner import Found, Workplace, read_and_decide

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
    named = next((problem for problem in book.problems if key_text.casefold() in str(problem).casefold()), None)
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


def preview(
    workplace: Workplace, step_name: str, key_text: str | None, now: datetime
) -> tuple[Outgoing, Rendered, Lead]:
    """Return the email of a step as one lead would get it now: its bytes, its words, and the lead.

    Without *key_text* the first lead that somebody writes to. What would be an answer to earlier emails is shown as if
    those had been sent. Raises WrongUsage for a step or lead there is not, and LeadwrightError when it cannot be
    written for this lead.
    """
    sequence, step = _find_step(workplace.policy, step_name)
    with workplace.open_ledger() as ledger:
        history = ledger.history(now)
        found = read_and_decide(workplace, workplace.open_source(), ledger, now)
    leads = [find_lead(found.book, key_text)] if key_text else _with_address(found.book)
    letters = (_letter(workplace, found, history, sequence, step, each, now) for each in leads)
    first = next(letters)
    letter = next((each for each in (first, *letters) if each.candidate.sender), first)
    words, lead = workplace.words(now), letter.candidate.lead
    sender = letter.candidate.sender
    if sender is None:
        raise LeadwrightError(
            f"nobody writes {step.name} to {lead.key}: {letter.candidate.sender_problem}",
            fix="fill in the cell, or choose another lead with --lead",
        )
    try:
        letter = _with_thread(letter, words, workplace.policy)
        outgoing = compose(letter, words, workplace.policy)
        rendered = words.email(step, lead, letter.qualification, sender)
        return outgoing, replace(rendered, subject=outgoing.subject), lead
    except CannotWrite as reason:
        raise LeadwrightError(
            f"{step.name} cannot be written for {lead.key}: {reason}",
            fix="fill in the cell, or give the template something to say instead",
        ) from reason


def _find_step(policy: Policy, name: str) -> tuple[EmailSequence, Step]:
    emails = {step.name: (sequence, step) for sequence in policy.sequences for step in sequence.steps if step.is_email}
    if name.removesuffix(".md") in emails:
        return emails[name.removesuffix(".md")]
    near = get_close_matches(name, emails, n=1)
    raise WrongUsage(
        f'there is no email "{name}"',
        fix=f'did you mean "{near[0]}"?' if near else f"emails: {', '.join(emails) or 'none'}",
    )


def _with_address(book: Book) -> Sequence[Lead]:
    found = [lead for lead in book.leads if lead.address]
    if not found:
        raise WrongUsage(f"no lead in {book.sheet} has an email address", fix="name one with --lead")
    return sorted(found, key=lambda lead: lead.row)


def _with_thread(letter: Letter, words: Words, policy: Policy) -> Letter:
    """Return the letter as if the emails before it in its sequence had been sent."""
    candidate = letter.candidate
    for step in candidate.sequence.steps[: candidate.sequence.steps.index(candidate.step)]:
        earlier = replace(candidate, step=step)
        if not step.is_email or any(record.key == key_of(earlier) for record in candidate.known.messages):
            continue
        sent = compose(replace(letter, candidate=earlier), words, policy)
        *others, record = with_email(candidate.known, earlier, letter.at).messages
        record = replace(record, subject=sent.subject, message_id=sent.message_id)
        candidate = replace(candidate, known=candidate.known._replace(messages=(*others, record)))
    return replace(letter, candidate=candidate)


def _letter(
    workplace: Workplace,
    found: Found,
    history: History,
    sequence: EmailSequence,
    step: Step,
    lead: Lead,
    now: datetime,
) -> Letter:
    policy, playbook = workplace.policy, found.playbook
    standing: Standing = stand(lead, history.of(lead.key), policy, now)
    today = now.astimezone(policy.business.zone).date()
    positions = {name: at for at, name in enumerate(policy.columns.names())}
    moment = Moment(playbook, now, today, frozenset(), positions)
    qualification = playbook.rules.qualify([standing.given], today)[0]
    sender, problem = sender_for(sequence, standing, moment)
    candidate = Candidate(
        lead=lead,
        known=standing.known,
        sequence=sequence,
        step=step,
        due=now,
        score=qualification.score,
        company="",
        calendar=calendar_of(standing, moment),
        because="",
        sender=sender,
        sender_problem=problem,
    )
    return Letter(candidate, qualification, str(moment.value(standing, "name") or ""), now)

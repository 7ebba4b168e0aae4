"""Emails as leads would get them: one at a time, all of them on one page, one mailed to ourselves. Records nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple

from automations.core.books import full_name
from automations.core.candidates import Candidate
from automations.core.courses import Moment, calendar_of, sender_for
from automations.core.enclosures import shown_alone
from automations.core.history import History
from automations.core.leads import Book, Lead, LeadKey, Value
from automations.core.letters import Letter, Words, compose, key_of
from automations.core.messages import Hand, Outcome, Outgoing, Rendered, message_key
from automations.core.mime import build_message
from automations.core.outlook import with_email
from automations.core.playbook import CannotWrite
from automations.core.policy import EmailSequence, Policy, Sender, Step
from automations.core.standing import Standing, stand
from automations.errors import LeadwrightError, WrongUsage
from automations.looking import find_lead
from automations.workplace import Found, Workplace, read_and_decide

TEST_MARK = "[TEST]"

AWKWARD: Sequence[tuple[str, str | None, str | None]] = (
    (
        "a long name",
        "Maximiliane-Alexandra von Hohenstein-Wallersdorf-Schönborn",
        "Donaudampfschifffahrtsgesellschaft mbH",
    ),
    ("no name", None, None),
    ("another script", "山田 太郎", "山田商店"),
    ("right to left", "محمد عبد الله", "شركة القهوة"),
)
"""Leads that emails look odd for: what is odd about them, their name, their company."""


class Shot(NamedTuple):
    """One email of the gallery: which step for whom, and what it says; or why it cannot be written."""

    step: str
    who: str
    subject: str = ""
    html: str = ""
    problem: str = ""


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


def email_names(policy: Policy) -> tuple[str, ...]:
    """Return the names of all emails, in the order of config.yaml."""
    return tuple(_emails(policy))


def _emails(policy: Policy) -> dict[str, tuple[EmailSequence, Step]]:
    return {step.name: (sequence, step) for sequence in policy.sequences for step in sequence.steps if step.is_email}


def _find_step(policy: Policy, name: str) -> tuple[EmailSequence, Step]:
    emails = _emails(policy)
    asked = name.removesuffix(".md").removesuffix(".mjml")
    if asked in emails:
        return emails[asked]
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
    moment = Moment(playbook, now, today, frozenset(), positions, history.suppressed)
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
    return Letter(candidate, qualification, full_name(found.book.columns, lead.values), now)


def gallery(workplace: Workplace, key_text: str | None, now: datetime) -> Iterator[Shot]:
    """Yield every email of every sequence: as one lead gets it, and as that lead would with an awkward name.

    Raises WrongUsage when there is no such lead.
    """
    with workplace.open_ledger() as ledger:
        history = ledger.history(now)
        found = read_and_decide(workplace, workplace.open_source(), ledger, now)
    words = workplace.words(now)
    chosen = find_lead(found.book, key_text) if key_text else _with_address(found.book)[0]
    names = found.book.columns.names()
    leads = [("as it is", chosen), *((what, _renamed(chosen, names, *called)) for what, *called in AWKWARD)]
    for sequence in workplace.policy.sequences:
        for step in sequence.steps:
            for what, lead in leads if step.is_email else ():
                letter = _letter(workplace, found, history, sequence, step, lead, now)
                who = f"{what}: {letter.name or lead.key}"
                yield _shot(letter, words, workplace.policy, step, who)


def _renamed(lead: Lead, names: Sequence[str], name: str | None, company: str | None) -> Lead:
    given = {"name": name, "company": company, "first_name": name and name.split()[0], "last_name": None}
    values: tuple[Value, ...] = tuple(
        given.get(field, value) if field in given else value for field, value in zip(names, lead.values, strict=True)
    )
    return lead._replace(values=values)


def _shot(letter: Letter, words: Words, policy: Policy, step: Step, who: str) -> Shot:
    try:
        letter = _with_thread(letter, words, policy)
        subject = compose(letter, words, policy).subject
        sender = letter.candidate.sender or policy.senders[0]
        rendered = words.email(step, letter.candidate.lead, letter.qualification, sender)
        html = shown_alone(rendered.html, rendered.enclosures)
    except CannotWrite as reason:
        return Shot(step.name, who, problem=str(reason))
    return Shot(step.name, f"{who}, {rendered.variant}" if rendered.variant else who, subject, html)


def mail_test(workplace: Workplace, rendered: Rendered, lead: Lead, step: str, to: str, now: datetime) -> Outcome:
    """Mail what a lead would get to *to*, one of our own addresses, with [TEST] in the subject; record nothing.

    It has a Message-ID of its own, so that no mailbox takes the real one for a copy of it.
    """
    policy = workplace.policy
    sender = writer_of_tests(policy, to)
    marked = replace(rendered, subject=f"{TEST_MARK} {rendered.subject}")
    key = message_key("test", step, LeadKey(f"{lead.key} {now.isoformat()}"))
    message = build_message(
        marked, sender=sender, to_address=to, to_name="", message_key=key, date=now, business=policy.business
    )
    with workplace.open_mailer(sender.name) as mailer:
        return mailer.send(message, lambda: True)


def own_address(policy: Policy, asked: str) -> str:
    """Return the address of ours that ``--to`` means; ``me`` is who hears of problems, else the first sender.

    Raises WrongUsage for any other address: a test never goes to a lead.
    """
    ours = tuple(dict.fromkeys(filter(None, (policy.alerts.problem, *(sender.address for sender in policy.senders)))))
    if asked.casefold() == "me":
        return ours[0]
    for address in ours:
        if address.casefold() == asked.strip().casefold():
            return address
    raise WrongUsage(
        f"a test goes only to one of us, and {asked} is none", fix=f"write  me, or one of: {', '.join(ours)}"
    )


def writer_of_tests(policy: Policy, to: str) -> Sender:
    """Return who a test for one of our addresses comes from: the one it is for, else the first sender."""
    return next((sender for sender in policy.senders if sender.address.casefold() == to.casefold()), policy.senders[0])


def told(outcome: Outcome, to: str, folder: str | None) -> str:
    """Return what became of a test; *folder* is where its sender's emails go as files, None with a mail server."""
    if outcome.hand is Hand.ACCEPTED and folder:
        return f"Laid as a file into {folder}/, not sent to {to}: the sender has no mail server.\nNothing was recorded."
    if outcome.hand is Hand.ACCEPTED:
        return f"Sent to {to}, with {TEST_MARK} in the subject. Nothing was recorded."
    return f"It could not be sent to {to}: {outcome.reply or outcome.hand.value}"

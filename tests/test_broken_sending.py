"""Emails that were prepared and did not leave: what happens to them when somebody changes something before the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from test_runner import EVA, world_of
from worlds import FIELDS, MONDAY, OWNED, POLICY, PlainWords, World, row

from automations.core.leads import Columns, Field, Lead
from automations.core.messages import BeforeDot, Fault, Hand, Outcome, Outgoing, Rendered
from automations.core.policy import Limits, Policy, Sender, Step
from automations.core.rules import Qualification
from automations.mail.memory import MemoryMailer

LATER = Outcome(Hand.DEFERRED, Fault.SERVER, "451 later")
BY_NUMBER = replace(
    POLICY,
    columns=Columns((*FIELDS, Field("number", "Notes")), key="number", email="email", owned=OWNED),
    limits=Limits(),
)


@dataclass
class InterruptedMailer(MemoryMailer):
    """A mail server during whose first conversation somebody does something."""

    meanwhile: Callable[[], None]

    def __post_init__(self) -> None:
        """Take everything that is not stopped."""
        super().__init__()

    def send(self, message: Outgoing, before_dot: BeforeDot) -> Outcome:
        """Let it happen, then go on."""
        self.meanwhile()
        return super().send(message, before_dot)


class CorrectedWords(PlainWords):
    """The templates after somebody corrected them."""

    def email(self, step: Step, lead: Lead, qualification: Qualification, sender: Sender) -> Rendered:
        """Return the email with another subject."""
        rendered = super().email(step, lead, qualification, sender)
        return replace(rendered, subject=f"Corrected: {rendered.subject}")


def sent(world: World) -> list[tuple[str, str, str]]:
    """Return from whom, to whom and with which subject emails have left."""
    return [(each.envelope_from, each.envelope_to, each.subject) for each in world.mailer.handed_over]


def interrupted(policy: Policy, meanwhile: Callable[[World], None]) -> World:
    """Return a business with one lead after a run during which something happened, and with a usual server again."""
    world = world_of(row(EVA), policy=policy)
    world.mailer = InterruptedMailer(lambda: meanwhile(world))
    world.run()
    assert sent(world) == []
    world.mailer = MemoryMailer()
    return world


def test_a_lead_that_was_won_just_before_its_first_email_gets_none() -> None:
    """Whoever was moved on by hand while the run worked is asked start_when again, not mailed by the next run."""
    welcome = replace(POLICY.sequences[0], stop_when=())

    def won(world: World) -> None:
        world.source.grid[1][8] = "Won"

    world = interrupted(replace(POLICY, sequences=(welcome,)), won)
    world.run()

    assert sent(world) == []


def test_a_lead_whose_first_email_was_stopped_begins_as_soon_as_it_may() -> None:
    """A change that does not concern start_when costs a lead nothing but this one run."""

    def renamed(world: World) -> None:
        world.source.grid[1][1] = "Eva Muster"

    world = interrupted(POLICY, renamed)
    world.run()

    assert sent(world) == [("anna@shop.example", EVA, "hello for Eva Muster")]


def test_who_pauses_a_run_to_correct_an_email_has_it_corrected() -> None:
    """An email that was prepared and did not leave is written anew: nobody gets the text a person wanted to stop."""

    def paused(world: World) -> None:
        world.ledger.pause("wrong price", world.clock.now())

    world = interrupted(POLICY, paused)
    world.texts = CorrectedWords()
    world.ledger.resume(world.clock.now())
    plan = world.plan()
    world.run()

    assert [send.subject for send in plan.sends] == ["Corrected: hello for Eva"]
    assert sent(world) == [("anna@shop.example", EVA, "Corrected: hello for Eva")]


def test_an_email_put_off_does_not_go_to_an_address_that_was_corrected() -> None:
    """Its bytes are addressed to somebody else: it is held and says so, and never leaves for the old address."""
    world = world_of(row(EVA), policy=BY_NUMBER, mailer=MemoryMailer(lambda _: LATER))
    world.run()
    world.mailer = MemoryMailer()
    world.source.grid[1][0] = "other@muster.example"
    world.clock.set(MONDAY + timedelta(hours=1))

    plan = world.plan()
    world.run()

    assert [hold.why for hold in plan.holds if hold.what == "welcome, hello"] == [
        "it was put off on its way to eva@muster.example, and the row now says other@muster.example"
    ]
    assert sent(world) == []


def test_an_email_put_off_goes_from_whoever_wrote_it() -> None:
    """Another sender for a sequence does not sign what somebody else wrote."""
    world = world_of(row(EVA), policy=replace(POLICY, limits=Limits()), mailer=MemoryMailer(lambda _: LATER))
    world.run()
    welcome = replace(POLICY.sequences[0], senders=("jonas",))
    world.policy = replace(world.policy, sequences=(welcome,))
    world.clock.set(MONDAY + timedelta(hours=1))

    both = world.plan()
    world.policy = replace(world.policy, senders=world.policy.senders[1:])
    without_anna = world.plan()

    assert [(send.sender, send.step) for send in both.sends] == [("anna", "hello")]
    assert without_anna.sends == ()
    assert [hold.why for hold in without_anna.holds] == ["anna wrote it, and is not one of the senders any more"]

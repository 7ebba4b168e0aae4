"""What came back, as explain and history show it: each effect in words, with its end and what it counts for."""

from __future__ import annotations

import pytest
from test_collecting import ANA, EVA, answer, bounce, business, deliver
from worlds import World

from automations.core.leads import LeadKey
from automations.looking import look_at_lead
from automations.report.history_screen import history_screen
from automations.report.lead_screen import lead_screen, lead_to_json

AWAY = "I am out of the office and will be back on 7 December 2026."


def explained(world: World, lead: LeadKey) -> list[str]:
    """Return what explain says of a lead's emails and of what comes next, line by line."""
    view = look_at_lead(world, lead, world.clock.now())
    lines = lead_screen(view, world.policy, world.clock.now()).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Emails"))
    return [" ".join(line.split()) for line in lines[start:]]


def recorded(world: World, lead: LeadKey) -> list[str]:
    """Return what history says came from a lead."""
    zone = world.policy.business.zone
    screen = history_screen("", world.ledger.entries(lead), zone, world.clock.now())
    lines = (" ".join(line.split()) for line in screen.splitlines())
    return [line.split("from them ")[1] for line in lines if "from them" in line]


def test_a_reply_is_shown_with_what_it_says_and_what_it_stopped() -> None:
    """Eva says not now: explain tells when, the sense and the words of it, and that her emails stopped."""
    world = business()
    deliver(world, answer(world, EVA, "Not now, please. Perhaps next year."))

    world.run()

    lines = explained(world, EVA)
    assert "replied today 11:00 (not now): Not now, please. Perhaps next year." in lines
    assert "welcome stopped: replied" in lines
    assert recorded(world, EVA) == ["replied (not now): Not now, please. Perhaps next year."]


def test_an_absence_is_shown_with_its_end_and_moves_what_comes_next() -> None:
    """Ana is away until 7 December: explain and the sheet say so, and nobody is told of an email before that."""
    world = business()
    deliver(world, answer(world, ANA, AWAY, "Auto-Submitted: auto-replied"))

    world.run()

    lines = explained(world, ANA)
    assert "out of office until Mon 7 Dec 00:00, heard today 11:00" in lines
    assert "welcome, more on Mon 7 Dec" in lines
    assert recorded(world, ANA) == ["out of office until Mon 7 Dec 00:00"]
    assert world.source.grid[2][11] == "out of office until Mon 7 Dec 2026"


def test_failures_are_shown_with_how_many_there_were() -> None:
    """Ana's mailbox is full: explain counts up to the three that hold her."""
    world = business()
    deliver(world, bounce(world, ANA, "5.2.2", "mailbox full"))

    world.run()

    assert "came back today 11:00: the mailbox is full (1 of 3 in a row that hold)" in explained(world, ANA)
    assert recorded(world, ANA) == ["an email came back: the mailbox is full"]


def test_a_dead_address_and_a_complaint_are_shown_as_what_they_are() -> None:
    """Eva's address does not exist: explain and history say so, and that nothing is planned."""
    world = business()
    deliver(world, bounce(world, EVA, "5.1.1", "no such user"))

    world.run()

    lines = explained(world, EVA)
    assert "address does not exist, known today 11:00: there is no such address" in lines
    assert "Next nothing planned" in lines
    assert recorded(world, EVA) == ["address does not exist: there is no such address"]


def test_a_lead_put_on_the_list_by_hand_is_told_of_no_email_to_come() -> None:
    """Somebody put Ana on the list: no screen and no cell names a day for an email that will never leave."""
    world = business()
    world.ledger.suppress(ANA, "asked on the phone", world.clock.now())

    world.run()

    assert [line for line in explained(world, ANA) if line.startswith("Next")] == ["Next nothing planned"]
    assert "asked on the phone" in " ".join(explained(world, ANA))
    assert not [send for send in world.plan().later if send.key == ANA]


def test_a_colleagues_reply_is_shown_where_the_sequence_stops_for_it() -> None:
    """Two people of one company: Eva answers, and explain says why her colleague gets nothing more."""
    world = business()
    world.source.grid[2][2] = "Muster AG"
    deliver(world, answer(world, EVA, "Call me."))

    world.run()

    assert "welcome stopped: someone at the same company replied" in explained(world, ANA)


@pytest.mark.parametrize("lead", [EVA, ANA])
def test_a_program_is_told_the_same(lead: LeadKey) -> None:
    """What came back is in the JSON of explain, with its kind, its sense and its end."""
    world = business()
    deliver(world, answer(world, EVA, "Not now, please."))
    deliver(world, answer(world, ANA, AWAY, "Auto-Submitted: auto-replied"))
    world.run()

    found = lead_to_json(look_at_lead(world, lead, world.clock.now()), world.policy, world.clock.now())["came_back"]

    assert (
        found
        == {
            EVA: [
                {
                    "kind": "replied",
                    "at": "2026-11-23T11:00:00+01:00",
                    "detail": "Not now, please.",
                    "says": "not now",
                    "until": None,
                }
            ],
            ANA: [
                {
                    "kind": "absent",
                    "at": "2026-11-23T11:00:00+01:00",
                    "detail": "",
                    "says": None,
                    "until": "2026-12-07T00:00:00+01:00",
                }
            ],
        }[lead]
    )

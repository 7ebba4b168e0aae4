"""Several senders taking turns over one sequence: an even split, one voice for each lead, each within their own cap."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from good_config import GOOD, SECRETS, write_shop
from hypothesis import given
from hypothesis import strategies as st
from test_runner import world_of
from worlds import POLICY, World, row

from automations.config import load_config
from automations.core.leads import LeadKey
from automations.core.policy import Policy, WarmUp
from automations.core.rotation import drawn

PEOPLE = [f"{name}@house{number}.example" for number, name in enumerate(["eva", "tom", "li", "kim", "max", "zoe"] * 5)]
NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


def rotating(*names: str, per_day: int | None = None, warm_up: WarmUp | None = None) -> Policy:
    """Return the business with its welcome sequence, without conditions on the way, written by *names* in turn."""
    welcome = POLICY.sequences[0]
    steps = tuple(replace(step, only_if=None) for step in welcome.steps)
    senders = tuple(replace(each, per_day=per_day, warm_up=warm_up) for each in POLICY.senders)
    welcome = replace(welcome, senders=names, steps=steps, stop_when=(), stop_on_company_reply=False)
    return replace(POLICY, senders=senders, sequences=(welcome,))


def letters(world: World) -> dict[str, list[str]]:
    """Return, for each lead that was written to, from which addresses, in order."""
    found: dict[str, list[str]] = {}
    for each in world.mailer.handed_over:
        found.setdefault(each.envelope_to, []).append(each.envelope_from)
    return found


def house(policy: Policy) -> World:
    """Return thirty hot leads of as many companies."""
    return world_of(*(row(each, company=f"House {number}") for number, each in enumerate(PEOPLE)), policy=policy)


def test_leads_are_split_evenly() -> None:
    """Of three thousand leads each of three senders gets about a third."""
    split = Counter(drawn("welcome", LeadKey(f"lead{number}"), ("anna", "jonas", "li")) for number in range(3000))

    assert all(900 < split[name] < 1100 for name in ("anna", "jonas", "li"))


@given(st.text(), st.text(min_size=1), NAMES, st.randoms())
def test_the_order_of_the_list_does_not_matter(sequence: str, key: str, names: list[str], chance: object) -> None:
    """Whoever sorts the list moves no lead."""
    shuffled = sorted(names, key=lambda _: chance.random())  # type: ignore[attr-defined]  # hypothesis' own random.Random

    assert drawn(sequence, LeadKey(key), shuffled) == drawn(sequence, LeadKey(key), names)


@given(st.text(), st.text(min_size=1), NAMES, st.text(min_size=1))
def test_one_more_sender_takes_leads_only_for_themselves(sequence: str, key: str, names: list[str], new: str) -> None:
    """A new colleague gets a share; no lead goes from one old colleague to another."""
    before, after = drawn(sequence, LeadKey(key), names), drawn(sequence, LeadKey(key), [*names, new])

    assert after in {before, new}


def test_a_lead_hears_from_one_person_also_when_the_list_grows() -> None:
    """Whoever wrote the first email writes the second, whatever happens to the list in between."""
    world = house(rotating("anna", "jonas"))
    world.run()
    first = letters(world)
    assert set(Counter(voices[0] for voices in first.values())) == {"anna@shop.example", "jonas@shop.example"}

    grown = rotating("li", "max", "jonas")
    colleagues = (replace(grown.senders[0], name=name, address=f"{name}@shop.example") for name in ("li", "max"))
    world.policy = replace(grown, senders=(*grown.senders, *colleagues))
    world.clock.set(world.clock.now() + timedelta(days=4))
    world.run()

    assert letters(world) == {lead: voices * 2 for lead, voices in first.items()}


def test_whoever_left_the_business_is_followed_by_a_colleague() -> None:
    """A sender who is none any more writes nothing: the leads are split among those who are."""
    world = house(rotating("anna", "jonas"))
    world.run()
    policy = rotating("anna")
    world.policy = replace(policy, senders=policy.senders[:1])
    world.clock.set(world.clock.now() + timedelta(days=4))
    world.run()

    assert {voices[1] for voices in letters(world).values()} == {"anna@shop.example"}


def test_each_keeps_to_their_own_cap_and_nobody_jumps_in() -> None:
    """A full sender's leads wait for that sender: three from each today, the rest on the next days."""
    world = house(rotating("anna", "jonas", per_day=3))
    world.run()

    assert Counter(voices[0] for voices in letters(world).values()) == {"anna@shop.example": 3, "jonas@shop.example": 3}
    assert world.plan().sends == ()


def test_a_new_sender_warms_up_beside_an_old_one() -> None:
    """The warm-up of one holds back nobody else's emails."""
    policy = rotating("anna", "jonas")
    anna, jonas = policy.senders
    world = house(replace(policy, senders=(anna, replace(jonas, warm_up=WarmUp(2, 1)))))
    world.run()

    sent = Counter(voices[0] for voices in letters(world).values())
    assert sent["jonas@shop.example"] == 2
    assert sent["anna@shop.example"] > 10


def test_config_takes_a_list_of_senders(tmp_path: Path) -> None:
    """Senders are listed by name, case aside."""
    text = GOOD.replace("    sender: owner", "    sender: [Jonas, anna]")
    config = load_config(write_shop(tmp_path, text), SECRETS)

    assert config.policy.sequences[0].senders == ("jonas", "anna")
    assert config.policy.sequences[0].sender_field is None

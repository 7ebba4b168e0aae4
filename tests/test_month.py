"""A month of life: 3 senders, 400 leads, real servers, and a model that says where everybody must stand at its end."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from month_model import Model, people
from months import KILLED, month

DAYS = 30
SEED = 20260316


@pytest.mark.needs_dovecot
@pytest.mark.timeout(600)
def test_after_a_month_every_lead_stands_where_it_must(tmp_path: Path) -> None:
    """Replies, absences, bounces, complaints, a restart every night and eight killed runs: nobody is lost or bothered.

    What 400 leads got, when, what stopped it, who is on the list and what the sheet says is what the model says.
    """
    leads = people(400, random.Random(SEED))
    expected = Model(leads).live(DAYS)

    with month(tmp_path, leads, random.Random(SEED)) as business:
        business.live(DAYS)
        found, received = business.ends(), business.received()

    wrong = {address: (found[address], expected[address]) for address in found if found[address] != expected[address]}
    assert not wrong
    assert received == {address: [step for step, _ in end.got] for address, end in expected.items()}
    assert business.killed == len(KILLED)
    places = Counter(end.place for end in expected.values())
    assert places == {
        "finished": 238,
        "stopped: replied": 60,
        "stopped: unsubscribed": 35,
        "under way": 25,
        "stopped: the address does not exist": 21,
        "stopped: marked an email as spam": 15,
        "stopped: someone at the same company replied": 3,
        "not in it": 3,
    }

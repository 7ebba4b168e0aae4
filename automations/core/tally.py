"""What a plan says of its leads one by one: gathered as they are decided, given back in the order of their keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from automations.core.alerts import HotLead, hot_lead
from automations.core.books import display_name
from automations.core.changes import Telling, Told
from automations.core.courses import Moment
from automations.core.leads import LeadKey
from automations.core.plan import Known, RowUpdate
from automations.core.rules import Qualification
from automations.core.standing import Standing
from automations.errors import Problem


class Tally:
    """The cells that change, what the ledger shall know, the leads that turned hot, and how many are in each segment.

    Of a lead about which there is nothing to say, nothing is kept.
    """

    def __init__(self, moment: Moment, sheet: str) -> None:
        self._moment = moment
        self._sheet = sheet
        self._asks_for_hot = bool(moment.playbook.policy.alerts.hot_lead)
        self._telling = Telling(moment.playbook.policy, moment.now)
        self._updates: list[RowUpdate] = []
        self._known: list[Known] = []
        self._hot: list[HotLead] = []
        self._problems: list[tuple[LeadKey, Problem]] = []
        self._segments: Counter[str] = Counter()
        self._segments_before: Counter[str] = Counter()

    def is_at_rest(self, standing: Standing, found: Qualification) -> bool:
        """Take a lead that no sequence wants anything of, if there is nothing to say about it; return whether it is."""
        if not self._telling.is_told(standing, found):
            return False
        self._segments[found.segment] += 1
        self._segments_before[found.segment] += 1
        return True

    def add(self, told: Told) -> None:
        """Take one lead, once all that is told of it is known."""
        standing, found = told.standing, told.qualification
        updates, known = self._telling.changes_of(told)
        self._updates.extend(updates)
        if known:
            self._known.append(known)
        if self._asks_for_hot and (hot := hot_lead(standing, found, self._moment)):
            self._hot.append(hot)
        if standing.problems:
            self._problems.extend((standing.lead.key, problem) for problem in self._named(standing))
        self._segments[found.segment] += 1
        self._segments_before[standing.known.segment] += 1

    def _named(self, standing: Standing) -> list[Problem]:
        name = display_name(self._moment.playbook.policy.columns, standing.lead)
        where = f"{self._sheet}, row {standing.lead.row} ({name})"
        return [Problem(where, what, "correct the cell, or clear it and we fill it in") for what in standing.problems]

    def updates(self) -> tuple[RowUpdate, ...]:
        """Return the cells that change; those of one lead in the order of our columns."""
        return tuple(sorted(self._updates, key=attrgetter("key")))

    def known(self) -> tuple[Known, ...]:
        """Return what is new to the ledger."""
        return tuple(sorted(self._known, key=attrgetter("key")))

    def hot(self) -> tuple[HotLead, ...]:
        """Return the leads that turned hot."""
        return tuple(sorted(self._hot, key=attrgetter("key")))

    def problems(self) -> tuple[Problem, ...]:
        """Return a problem for every value that a person typed and that we cannot use."""
        return tuple(problem for _, problem in sorted(self._problems, key=lambda found: found[0]))

    def segments(self) -> dict[str, tuple[int, int]]:
        """Return how many leads are in each segment, and how many more that is than before."""
        names: Sequence[str] = [rule.name for rule in self._moment.playbook.policy.rules.segments]
        return {name: (self._segments[name], self._segments[name] - self._segments_before[name]) for name in names}

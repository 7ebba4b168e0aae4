"""Where and when a lead works: its time zones, its holidays, the weekdays and hours in which an email may reach it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from automations.core.leads import Lead, Value
from automations.core.policy import Days, Facts, Policy, SendWindow, Wait
from automations.core.schedules import COUNTRY_FIELD, WORKDAYS, add_wait, is_open, next_open, place_key, zones_for

ANY_TIME = SendWindow(time(0), time.max, frozenset(range(7)))
"""The window of an owner who set none; holidays still count."""


class Calendar(NamedTuple):
    """One lead's days and hours. *weekdays* are those that business days are counted on."""

    zones: tuple[ZoneInfo, ...]
    window: SendWindow = ANY_TIME
    holidays: frozenset[date] = frozenset()
    weekdays: frozenset[int] = WORKDAYS

    def is_open(self, now: datetime) -> bool:
        """Return whether an email may reach the lead now."""
        return is_open(self.window, self.zones, self.holidays, now)

    def next_open(self, now: datetime) -> datetime:
        """Return the first moment from *now* on at which an email may reach the lead, in UTC."""
        return next_open(self.window, self.zones, self.holidays, now)

    def after(self, start: datetime, wait: Wait) -> datetime:
        """Return when a wait that begins at *start* is over."""
        return add_wait(start, wait, self.zones[0], self.holidays, self.weekdays)


def calendar_for(lead: Lead, policy: Policy, facts: Facts) -> Calendar:
    """Return a lead's calendar: the zone of its row, else of its country, else the business's; its country's days.

    Monday to Friday under ``send_between`` means the days on which people work, so Sunday to Thursday where the
    weekend is Friday and Saturday. Other days that an owner names are meant as they are.
    """
    days = _days_of(lead, policy, facts)
    window = policy.limits.window or ANY_TIME
    if days.workdays != WORKDAYS and window.weekdays == WORKDAYS:
        window = replace(window, weekdays=days.workdays)
    return Calendar(
        zones_for(lead, policy.columns, facts.country_zones, policy.business.zone),
        window,
        days.holidays,
        days.workdays if window.weekdays == ANY_TIME.weekdays else window.weekdays,
    )


def _days_of(lead: Lead, policy: Policy, facts: Facts) -> Days:
    names = policy.columns.names()
    if facts.country_days and COUNTRY_FIELD in names:
        country: Value = lead.values[names.index(COUNTRY_FIELD)]
        if found := facts.country_days.get(place_key(country)):
            return found
    return Days(facts.holidays)

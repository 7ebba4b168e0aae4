"""Formulas: evaluated as far as lookups and simple sums go; any other keeps its last value, or fails with #NAME?."""

from __future__ import annotations

from automations.sources.sheets_sim.state import State

__all__ = ["calculate"]


def calculate(state: State) -> None:
    """Give every formula of a spreadsheet its value."""

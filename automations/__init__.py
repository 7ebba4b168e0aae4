"""Leadwright: the team's spreadsheet is the CRM, and this is what works it."""

__version__ = "0.1.0"

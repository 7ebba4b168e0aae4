"""Leads in a shared Google Sheet: read in one call, written to the right lead or not at all.

    auth ──> client ──> grid ──> layout ──> source
                │                             │
                └──── writing <── strips <────┘

`client` talks HTTP and knows when to try again; `grid` turns answers into rows; `layout` finds columns and leads in
them; `strips` plans the ranges of a write and reads its echo; `writing` is the protocol: look again, write, compare,
repair. `mirror` keeps our values in a tab of our own instead. Positions count from 0 here, as in Google's API; rows
for people count from 1.
"""

"""What every new spreadsheet says of how it looks."""

from __future__ import annotations

from typing import Any

__all__ = ["DEFAULT_FORMAT", "THEME"]

_WHITE = {"red": 1, "green": 1, "blue": 1}

DEFAULT_FORMAT: dict[str, Any] = {
    "backgroundColor": _WHITE,
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": _WHITE},
}
"""The format of a cell that has none of its own."""


def _rgb(red: float, green: float, blue: float) -> dict[str, float]:
    parts = {"red": red, "green": green, "blue": blue}
    return {name: part for name, part in parts.items() if part}


_THEME_COLORS = {
    "TEXT": _rgb(0, 0, 0),
    "BACKGROUND": _rgb(1, 1, 1),
    "ACCENT1": _rgb(0.25882354, 0.52156866, 0.95686275),
    "ACCENT2": _rgb(0.91764706, 0.2627451, 0.20784314),
    "ACCENT3": _rgb(0.9843137, 0.7372549, 0.015686275),
    "ACCENT4": _rgb(0.20392157, 0.65882355, 0.3254902),
    "ACCENT5": _rgb(1, 0.42745098, 0.003921569),
    "ACCENT6": _rgb(0.27450982, 0.7411765, 0.7764706),
    "LINK": _rgb(0.06666667, 0.33333334, 0.8),
}

THEME: dict[str, Any] = {
    "primaryFontFamily": "Arial",
    "themeColors": [{"colorType": name, "color": {"rgbColor": color}} for name, color in _THEME_COLORS.items()],
}
"""Google's colours."""

COLUMN_PIXELS = 100
ROW_PIXELS = 21

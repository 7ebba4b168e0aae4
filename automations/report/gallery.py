"""The gallery: every email on one page, at the width of a telephone and of a desk, in daylight and at night.

One file that loads nothing: each email stands in a frame of its own, so that no style of the page reaches into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import Protocol

_FRAMES = (("360 px", 360, False), ("360 px, dark", 360, True), ("600 px", 632, False), ("600 px, dark", 632, True))
"""What each frame is called, how wide it is, and whether it is night. 600 px and the margins around them are 632."""

_DARK_RULE = "@media (prefers-color-scheme: dark)"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; padding: 24px; font: 15px/1.45 system-ui, sans-serif; background: #eceef1; color: #1f1f1f; }}
h1 {{ font-size: 24px; margin: 0 0 4px; }}
h2 {{ font-size: 19px; margin: 40px 0 0; padding: 8px 0; border-bottom: 2px solid #b8bdc6; }}
nav a {{ margin-right: 16px; }}
section {{ margin: 16px 0 28px; }}
h3 {{ font-size: 15px; margin: 0 0 8px; }}
h3 span {{ font-weight: normal; color: #55585e; }}
.frames {{ display: flex; flex-wrap: wrap; gap: 20px; align-items: flex-start; }}
figure {{ margin: 0; }}
figcaption {{ font-size: 13px; color: #55585e; margin-bottom: 4px; }}
iframe {{ border: 1px solid #b8bdc6; border-radius: 6px; background: #fff; height: 600px; max-width: 100%; }}
.problem {{ padding: 10px 14px; background: #fff4d6; border-left: 4px solid #c98a00; }}
</style>
</head>
<body>
<h1>{title}</h1>
<nav>{links}</nav>
{body}
</body>
</html>
"""


class Email(Protocol):
    """What this page asks of an email (`previews.Shot`)."""

    @property
    def step(self) -> str:
        """Return which step it is."""
        ...

    @property
    def who(self) -> str:
        """Return for whom it is."""
        ...

    @property
    def subject(self) -> str:
        """Return its subject."""
        ...

    @property
    def html(self) -> str:
        """Return its HTML form; empty when it cannot be written."""
        ...

    @property
    def problem(self) -> str:
        """Return why it cannot be written; empty when it can."""
        ...


def gallery_page(emails: Iterable[Email], title: str) -> str:
    """Return all emails as one HTML page."""
    steps = [(step, list(found)) for step, found in groupby(emails, key=lambda each: each.step)]
    return _PAGE.format(
        title=escape(title),
        links="".join(f'<a href="#{number}">{escape(step)}</a>' for number, (step, _) in enumerate(steps)),
        body="\n".join(_step(number, step, found) for number, (step, found) in enumerate(steps)),
    )


def _step(number: int, step: str, emails: Sequence[Email]) -> str:
    return f'<h2 id="{number}">{escape(step)}</h2>\n' + "\n".join(map(_email, emails))


def _email(email: Email) -> str:
    subject, who = escape(email.subject or "cannot be written"), escape(email.who)
    # Each by itself: a name from right to left must not turn the order of what stands around it.
    head = f"<h3><bdi>{subject}</bdi> <span><bdi>{who}</bdi></span></h3>"
    if email.problem:
        return f'<section>{head}<p class="problem">{escape(email.problem)}</p></section>'
    frames = "".join(_frame(email, label, width, dark=dark) for label, width, dark in _FRAMES)
    return f'<section>{head}<div class="frames">{frames}</div></section>'


def _frame(email: Email, label: str, width: int, *, dark: bool) -> str:
    # The reader's own preference must not decide: each frame shows what its caption says.
    shown = email.html.replace(_DARK_RULE, "@media all" if dark else "@media not all")
    return (
        f"<figure><figcaption>{label}</figcaption>"
        f'<iframe title="{escape(email.step)}, {label}" width="{width}" sandbox srcdoc="{escape(shown)}"></iframe>'
        "</figure>"
    )

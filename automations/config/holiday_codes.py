"""Whether there are public holidays for a code, without paying 55 ms for the library when there are."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from automations.config.nearest import hint, nearest
from automations.config.spoken import Amiss


def check_holidays(code: str) -> None:
    """Raise Amiss when the library has no public holidays for *code* (``DE`` or ``DE-BE``).

    Its source is searched first: what stands there is right. Only what does not is looked up in the library itself,
    which knows best and says what there is instead.
    """
    country, _, part = code.partition("-")
    if _stands_in_source(country, part):
        return
    from holidays import list_supported_countries  # noqa: PLC0415

    known = list_supported_countries(include_aliases=True)
    if country not in known:
        near = nearest(country, known)
        under = f'did you mean "{near}"?' if near else "write a country like DE, AT, US"
        raise Amiss(f'there are no public holidays for "{country}"', under, end=len(country))
    if part and part not in known[country]:
        under = hint(part, known[country], kind=f"parts of {country}")
        raise Amiss(f'{country} has no part "{part}"', under, start=len(country) + 1, end=len(code))


def _stands_in_source(country: str, part: str) -> bool:
    spec = find_spec("holidays")
    if spec is None or not spec.submodule_search_locations:
        return False
    package = Path(spec.submodule_search_locations[0])
    found = re.search(rf'"(\w+)": \("\w+", "{country}"', _text(package / "registry.py"))
    if found is None:
        return False
    if not part:
        return True
    source = _text(package / "countries" / f"{found[1]}.py")
    parts = re.search(r"^    subdivisions[^=\n]*= \((.*?)^    \)", source, re.MULTILINE | re.DOTALL)
    return parts is not None and f'"{part}"' in parts[1]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""

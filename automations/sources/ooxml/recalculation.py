"""Making Excel calculate again what depends on our cells, while every stored result stays readable meanwhile.

The workbook says once that all is to be calculated when a person opens it; formulas, their results and the order of
calculation (calcChain) are left as they are.
Source: ECMA-376 part 1, 18.2.2 (calcPr: fullCalcOnLoad), 18.2.27 (order of a workbook's elements).
"""

from __future__ import annotations

import re

from automations.sources.ooxml.markup import QUOTED, attributes, masked, with_attribute
from automations.sources.ooxml.package import Package

_BEFORE_CALCULATION = b"sheets|functionGroups|externalReferences|definedNames"
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")


def has_formulas(package: Package) -> bool:
    """Whether any sheet has a formula: without one there is nothing to calculate again."""
    if package.related("calcChain"):
        return True
    return any(_part_has_formulas(package, sheet.part) for sheet in package.sheets if sheet.has_cells)


def _part_has_formulas(package: Package, part: str) -> bool:
    edge = b""
    for block in package.stream(part):
        data = edge + block
        if (b"<f" in data or b":f" in data) and _FORMULA.search(data):
            return True
        edge = data[-64:]
    return False


def with_calculation_on_load(workbook: bytes) -> bytes:
    """Return the workbook part that asks for a full calculation on opening; the same bytes if it does already."""
    seen = masked(workbook)
    root = re.search(rb"<(?:([\w.-]+):)?workbook(?=[\s/>])", seen)
    prefix = root[1] + b":" if root and root[1] else b""
    found = re.search(rb"<%bcalcPr(?=[\s/>])(%b)>" % (prefix, QUOTED), seen)
    if found:
        tag = found[1]
        if attributes(tag).get(b"fullCalcOnLoad") in {b"1", b"true"}:
            return workbook
        closing = b"/" if tag.endswith(b"/") else b""
        new = with_attribute(tag.removesuffix(b"/"), b"fullCalcOnLoad", b"1") + closing
        return workbook[: found.start(1)] + new + workbook[found.end(1) :]
    before = list(re.finditer(rb"</%b(?:%b)\s*>" % (prefix, _BEFORE_CALCULATION), seen))
    if not before:
        return workbook
    place = before[-1].end()
    return workbook[:place] + b'<%bcalcPr fullCalcOnLoad="1"/>' % prefix + workbook[place:]

"""Making Excel calculate again what depends on our cells, while every stored result stays readable meanwhile.

The workbook says once that all is to be calculated when a person opens it; formulas, their results and the order of
calculation (calcChain) are left as they are.
Source: ECMA-376 part 1, 18.2.2 (calcPr: fullCalcOnLoad), 18.2.27 (order of a workbook's elements).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from automations.sources.ooxml.markup import QUOTED, attributes, masked, with_attribute
from automations.sources.ooxml.package import Package

_BEFORE_CALCULATION = b"sheets|functionGroups|externalReferences|definedNames"
_ROOT = re.compile(rb"<([\w.-]+:)?(?:worksheet|macrosheet)(?=[\s/>])")


def has_formulas(package: Package, known: Mapping[str, bool]) -> bool:
    """Whether any sheet has a formula, without which there is nothing to calculate; *known* says it of some parts."""
    if package.related("calcChain") or any(known.values()):
        return True
    parts = [sheet.part for sheet in package.sheets if sheet.has_cells and sheet.part not in known]
    return any(_part_has_formulas(package, part) for part in parts)


def _part_has_formulas(package: Package, part: str) -> bool:
    edge = b""
    formula = b""
    for block in package.stream(part):
        if not formula:
            root = _ROOT.search(block)
            formula = b"<%bf" % (root[1] or b"" if root else b"")
        # A tag may be cut in two by the end of a block. One letter is found ten times as fast as a tag.
        for piece in (block, edge + block[:64]):
            if b"f" in piece and formula in piece and re.search(formula + rb"[\s/>]", piece):
                return True
        edge = block[-64:]
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

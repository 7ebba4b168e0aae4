"""The functions that formulas may use here: lookups, conditions, and sums. All others are unknown.

Arguments are plain values, or grids, as ranges give them. An error given to a function comes out of it,
but for those that are made to catch errors.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from automations.sources.sheets_sim.cells import CellError, Plain
from automations.sources.sheets_sim.entering import number

__all__ = ["CATCHING", "FUNCTIONS", "Grid", "Value", "alike", "one"]


class Grid:
    """The values of a range. Where a value first stands in its first row or column is worked out once."""

    def __init__(self, rows: tuple[tuple[Plain, ...], ...]) -> None:
        self.rows = rows
        self._places: dict[object, int] | None = None

    @property
    def line(self) -> tuple[Plain, ...]:
        """Return its only row, or its first column."""
        return self.rows[0] if len(self.rows) == 1 else tuple(row[0] for row in self.rows)

    @property
    def is_row(self) -> bool:
        """Whether its line lies down."""
        return len(self.rows) == 1

    def place(self, wanted: Plain) -> int | None:
        """Return where a value first stands in the line."""
        if self._places is None:
            self._places = {}
            for index, each in enumerate(self.line):
                self._places.setdefault(alike(each), index)
        return self._places.get(alike(wanted))


Value = Plain | Grid

NOT_AVAILABLE = CellError("N_A", "Did not find value in lookup.")
WRONG = CellError("VALUE")
NO_SUCH_PLACE = CellError("REF")


def one(value: Value) -> Plain:
    """Return a value as one cell's: of a grid, its first."""
    return value.rows[0][0] if isinstance(value, Grid) else value


def _cells(values: Sequence[Value]) -> Iterator[Plain]:
    for value in values:
        if isinstance(value, Grid):
            yield from (cell for row in value.rows for cell in row)
        else:
            yield value


def alike(value: Plain) -> object:
    """Return what two values that a lookup takes for the same have in common: the case of letters is not asked."""
    if isinstance(value, str):
        return value.casefold()
    return (isinstance(value, bool), value)


def _number(value: Plain) -> float | CellError:
    if isinstance(value, CellError):
        return value
    if value is None or value == "":
        return 0
    if isinstance(value, bool | int | float):
        return value
    try:
        return float(value)
    except ValueError:
        return WRONG


def _text(value: Plain) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    return "" if value is None else str(value)


def _arithmetic(work: Callable[[float, float], float]) -> Callable[..., Value]:
    def applied(left: Value, right: Value) -> Value:
        first, second = _number(one(left)), _number(one(right))
        if isinstance(first, CellError):
            return first
        if isinstance(second, CellError):
            return second
        try:
            return number(work(first, second))
        except ZeroDivisionError:
            return CellError("DIVIDE_BY_ZERO")
        except (OverflowError, ValueError, TypeError):
            return CellError("NUM")

    return applied


def _rank(value: Plain) -> tuple[int, float | str]:
    if isinstance(value, bool):
        return 2, float(value)
    if isinstance(value, CellError):
        return 3, str(value)
    return (1, value.casefold()) if isinstance(value, str) else (0, float(value or 0))


def _comparison(work: Callable[[Any, Any], bool]) -> Callable[..., Value]:
    def compared(left: Value, right: Value) -> Value:
        first, second = one(left), one(right)
        if first is None:
            first = "" if isinstance(second, str) else 0
        if second is None:
            second = "" if isinstance(first, str) else 0
        return work(_rank(first), _rank(second))

    return compared


def _if(condition: Value, yes: Value, *no: Value) -> Value:
    truth = _number(one(condition))
    if isinstance(truth, CellError):
        return truth
    return yes if truth else no[0] if no else False


def _if_error(value: Value, other: Value = None) -> Value:
    return other if isinstance(one(value), CellError) else value


def _if_na(value: Value, other: Value = None) -> Value:
    found = one(value)
    return other if isinstance(found, CellError) and found.kind == "N_A" else value


def _position(wanted: Plain, grid: Grid, kind: int) -> int | None:
    """Return where a value is in a line; *kind* 0 exactly, 1 the last not above it, -1 the last not below it."""
    if kind == 0:
        return grid.place(wanted)
    fits: Callable[[Any, Any], bool] = operator.le if kind > 0 else operator.ge
    found = None
    for index, each in enumerate(grid.line):
        if each is not None and _rank(each)[0] == _rank(wanted)[0]:
            if not fits(_rank(each), _rank(wanted)):
                break
            found = index
    return found


def _grid(value: Value) -> Grid:
    return value if isinstance(value, Grid) else Grid(((value,),))


def _vlookup(wanted: Value, where: Value, column: Value, *how: Value) -> Value:
    grid, index = _grid(where), _number(one(column))
    if isinstance(index, CellError):
        return index
    if not 1 <= index <= len(grid.rows[0]):
        return NO_SUCH_PLACE
    is_sorted = bool(_number(one(how[0]))) if how else True
    place = _position(one(wanted), grid, int(is_sorted)) if len(grid.rows) > 1 else _only(one(wanted), grid)
    return NOT_AVAILABLE if place is None else grid.rows[place][int(index) - 1]


def _only(wanted: Plain, grid: Grid) -> int | None:
    """Return the place in a grid of one row, whose first cell alone is looked at."""
    return 0 if alike(grid.rows[0][0]) == alike(wanted) else None


def _match(wanted: Value, line: Value, kind: Value = 1) -> Value:
    how = _number(one(kind))
    place = _position(one(wanted), _grid(line), 0 if isinstance(how, CellError) else int(how))
    return NOT_AVAILABLE if place is None else place + 1


def _xlookup(wanted: Value, line: Value, results: Value, missing: Value = NOT_AVAILABLE, *_more: Value) -> Value:
    grid, found = _grid(line), _grid(results)
    place = grid.place(one(wanted))
    if place is None:
        return NOT_AVAILABLE if missing == "" else missing
    if grid.is_row and found.is_row:
        return found.rows[0][place] if place < len(found.rows[0]) else NO_SUCH_PLACE
    return Grid((found.rows[place],)) if place < len(found.rows) else NO_SUCH_PLACE


def _index(where: Value, row: Value = 0, column: Value = 0) -> Value:
    rows, down, across = _grid(where).rows, _number(one(row)), _number(one(column))
    if isinstance(down, CellError):
        return down
    if isinstance(across, CellError):
        return across
    if len(rows) == 1 and across == 0:
        down, across = 1, down
    if not 0 <= down <= len(rows) or not 0 <= across <= len(rows[0]):
        return NO_SUCH_PLACE
    return rows[max(int(down), 1) - 1][max(int(across), 1) - 1]


def _numbers(values: Sequence[Value]) -> list[float]:
    """Return the numbers among cells; texts and truths in ranges do not count."""
    return [each for each in _cells(values) if isinstance(each, int | float) and not isinstance(each, bool)]


def _sum(*values: Value) -> Value:
    return number(sum(_numbers(values)))


def _average(*values: Value) -> Value:
    found = _numbers(values)
    return number(sum(found) / len(found)) if found else CellError("DIVIDE_BY_ZERO")


def _count_if(cells: Value, wanted: Value) -> Value:
    return sum(1 for each in _cells([cells]) if each is not None and alike(each) == alike(one(wanted)))


def _truths(values: Sequence[Value]) -> list[bool]:
    return [bool(_number(each)) for each in _cells(values) if each is not None]


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "+": _arithmetic(operator.add),
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
    "^": _arithmetic(operator.pow),
    "unary -": lambda value: _arithmetic(operator.sub)(0, value),
    "unary +": lambda value: value,
    "&": lambda left, right: _text(one(left)) + _text(one(right)),
    "=": _comparison(operator.eq),
    "<>": _comparison(operator.ne),
    "<": _comparison(operator.lt),
    ">": _comparison(operator.gt),
    "<=": _comparison(operator.le),
    ">=": _comparison(operator.ge),
    "IF": _if,
    "IFERROR": _if_error,
    "IFNA": _if_na,
    "ISERROR": lambda value: isinstance(one(value), CellError),
    "ISNA": lambda value: one(value) == NOT_AVAILABLE or getattr(one(value), "kind", "") == "N_A",
    "ISBLANK": lambda value: one(value) is None,
    "NA": lambda: NOT_AVAILABLE,
    "VLOOKUP": _vlookup,
    "XLOOKUP": _xlookup,
    "MATCH": _match,
    "XMATCH": lambda wanted, line, *_more: _match(wanted, line, 0),
    "INDEX": _index,
    "SUM": _sum,
    "AVERAGE": _average,
    "MIN": lambda *values: number(min(_numbers(values), default=0)),
    "MAX": lambda *values: number(max(_numbers(values), default=0)),
    "COUNT": lambda *values: len(_numbers(values)),
    "COUNTA": lambda *values: sum(1 for each in _cells(values) if each is not None),
    "COUNTIF": _count_if,
    "AND": lambda *values: all(_truths(values)),
    "OR": lambda *values: any(_truths(values)),
    "NOT": lambda value: not _number(one(value)),
    "LEN": lambda value: len(_text(one(value))),
    "TRIM": lambda value: " ".join(_text(one(value)).split()),
    "LOWER": lambda value: _text(one(value)).lower(),
    "UPPER": lambda value: _text(one(value)).upper(),
    "CONCATENATE": lambda *values: "".join(map(_text, _cells(values))),
    "HYPERLINK": lambda address, shown=None: one(shown) if shown is not None else one(address),
}

CATCHING = frozenset({"IFERROR", "IFNA", "ISERROR", "ISNA", "ISBLANK", "COUNTA", "COUNT", "IF", "XLOOKUP"})
"""Those that may be given an error without giving it on at once."""

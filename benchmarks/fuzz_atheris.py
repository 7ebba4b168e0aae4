"""Break the XML of a sheet and of shared strings, led by what the code has not done yet: `atheris`.

    pip install atheris
    python benchmarks/fuzz_atheris.py -max_total_time=300 -max_len=4096 -len_control=0

The arguments are libFuzzer's. Each input is put into a small workbook, as its sheet or as its strings, which is read
and written into; anything but an answer or a named refusal is a find. `fuzz_workbooks.py` breaks whole real workbooks.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("", "tests")]

with atheris.instrument_imports(include=["automations.sources"]):
    from automations.errors import LeadwrightError
    from automations.sources.excel import ExcelSource

from workbooks import BY_EMAIL, change, grid_rows, parts_of, sheet_xml  # noqa: E402 - after what is instrumented

MARKUP = sheet_xml(grid_rows([["Email", "Score"], ["eva@muster.example", "50"]]), tail='<mergeCell ref="A1:B1"/>')
STRINGS = "<sst><si><t>a</t></si><si><r><t>b</t></r><rPh><t>c</t></rPh></si></sst>"


def _try(folder: Path, data: bytes) -> None:
    """Read and write a workbook one of whose parts is *data*; its first byte says which."""
    parts = parts_of(MARKUP, strings=STRINGS)
    part = "xl/worksheets/sheet1.xml" if data[:1] < b"\x80" else "xl/sharedStrings.xml"
    parts[part] = data[1:]
    book = folder / "leads.xlsx"
    with zipfile.ZipFile(book, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    source = ExcelSource(book)
    try:
        list(source.read(["Email", "Score"]).rows)
        source.write([change("eva@muster.example", "Score", "50", 80)], BY_EMAIL)
    except LeadwrightError:
        pass


def main() -> None:
    """Fuzz until libFuzzer has had enough."""
    with tempfile.TemporaryDirectory() as name:
        seeds = Path(name) / "seeds"
        seeds.mkdir()
        (seeds / "sheet").write_bytes(b"\0" + MARKUP.encode())
        (seeds / "strings").write_bytes(b"\xff" + STRINGS.encode())
        atheris.Setup([*sys.argv, str(seeds)], lambda data: _try(Path(name), data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()

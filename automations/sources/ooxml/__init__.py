"""Excel workbooks at the level of the byte: read as a stream, patched in place, every other byte as it was.

    container   the zip: members, their raw bytes, limits         (APPNOTE.TXT 6.3.10)
    deflate     inflate and deflate, by isal where it is installed
    markup      the few things of XML that we need, on bytes
    package     workbook, sheets, tables: who refers to whom      (ECMA-376 part 2)
    styles      which cell styles show a number as a date
    strings     the table of shared strings
    stream      one sheet as head, blocks of whole rows, tail
    cells       rows and cells to values
    encoding    values to cells
    inspection  everything outside the rows that decides what may be written
    rows        the patched bytes of one row
    patch       the patched bytes of one sheet
    recalculation, tables   the other parts that an edit may touch
    refusals    every workbook we do not touch, by name

Rows and columns count from 1, as people see them. Tags are looked for with the prefix of the sheet's own root, so
``<x:c>`` is a cell in a sheet whose root is ``<x:worksheet>``.
"""

"""YAML text to nodes that remember where they are written. Nothing is guessed: every scalar is its written text.

A small, safe part of YAML: mappings, lists and texts, in block or flow style, one document. Anchors, aliases, tags and
merge keys are refused, and so is a name that is written twice. ``12:30``, ``NO``, ``01234`` and ``1e5`` stay so.

PyYAML's own scanner and parser are driven event by event, without recursion and without its C twin: the two differ in
what they accept (a tab after a colon) and in what they say, and a verdict must not depend on how PyYAML was built.
"""

from automations.located.nodes import Document, Listing, Mapping, Node, Pair, Refused, Scalar, Style, problem_at
from automations.located.reading import MAX_BYTES, MAX_DEPTH, read_yaml

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Document",
    "Listing",
    "Mapping",
    "Node",
    "Pair",
    "Refused",
    "Scalar",
    "Style",
    "problem_at",
    "read_yaml",
]

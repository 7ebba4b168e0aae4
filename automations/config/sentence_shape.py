"""How a condition is written: one sentence, or sentences in block lists under ``all:``, ``any:``, ``none:``."""

from __future__ import annotations

from typing import NamedTuple

from automations.config.nearest import hint
from automations.config.notes import Desk
from automations.config.shapes import Items, Json, wrong_kind
from automations.located import Mapping, Node, Scalar


class Said(NamedTuple):
    """One sentence, not read yet: it can be read only once the columns are known."""

    text: Scalar


class Block(NamedTuple):
    """Sentences that are taken together; *word* is ``all``, ``any`` or ``none``. Never empty."""

    word: str
    parts: tuple[Sentence, ...]
    first: Scalar


Sentence = Said | Block

BLOCK_WORDS = ("all", "any", "none")


class SentenceShape(NamedTuple):
    """A condition."""

    words: str = "a sentence like  country is Germany"

    def read(self, node: Node, desk: Desk) -> Sentence | None:
        """Return how the condition is written; what its sentences say is read later."""
        if isinstance(node, Scalar) and node.text.strip():
            return Said(node)
        if not isinstance(node, Mapping) or not node.pairs:
            wrong_kind(node, desk, self.words)
            return None
        blocks = tuple(self._block(pair.key, pair.value, desk) for pair in node.pairs)
        whole = tuple(block for block in blocks if block is not None)
        if len(whole) < len(blocks):
            return None
        return whole[0] if len(whole) == 1 else Block("all", whole, whole[0].first)

    def _block(self, key: Scalar, value: Node, desk: Desk) -> Block | None:
        if key.text not in BLOCK_WORDS:
            what = f'"{key.text}" cannot begin a list of sentences'
            desk.wrong(key.place(), what, hint(key.text, BLOCK_WORDS, kind="words that can"))
            return None
        sentences: Items[Sentence] = Items(self, "sentence", at_least=1, or_alone=True)
        parts = sentences.read(value, desk.inside(key.text))
        return Block(key.text, tuple(part.value for part in parts), key) if parts else None

    def schema(self) -> Json:
        """Return the schema: a text, or lists under the block words."""
        return {"$ref": "#/$defs/condition"}


def condition_schema() -> Json:
    """Return the schema that every condition refers to."""
    many = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/condition"}}
    return {
        "anyOf": [
            {"type": "string", "minLength": 1},
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {
                    "all": {"description": "Holds when every one of these does.", **many},
                    "any": {"description": "Holds when at least one of these does.", **many},
                    "none": {"description": "Holds when none of these does.", **many},
                },
            },
        ]
    }

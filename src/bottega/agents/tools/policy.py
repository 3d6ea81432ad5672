"""Answering from the shop's documents: passages that may be quoted, with where they stand."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from bottega.runtime.context import RunContext
from bottega.runtime.evidence import FieldLabels
from bottega.runtime.knowledge.library import Library
from bottega.runtime.knowledge.model import FoundPassage
from bottega.runtime.tool import Answered, Tool
from bottega.runtime.tools import query_tool

PASSAGES_SHOWN = 4

Question = Annotated[
    str, Field(min_length=1, max_length=500, description="What is to be known about the shop's rules, as a question.")
]


class PolicyTools:
    """What the shop has written down: returns, shipping, payment, warranty, privacy, sizes."""

    def __init__(self, library: Library, *, others_too: bool = False) -> None:
        """With `others_too`, what other people's documents say is found as well, under `others` and as theirs."""
        self._library = library
        self._others_too = others_too

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        return (query_tool(self.find_policy, nouns=nouns),)

    async def find_policy(self, context: RunContext, *, question: Question) -> Answered:
        """Finds what the shop's documents say about a question; the passages are quoted with their citation.

        Nothing is found when no document answers it.
        """
        answer = await self._library.find(question, limit=PASSAGES_SHOWN, run_id=context.run.id)
        passages = [_shown(passage) for passage in answer.passages]
        others: list[dict[str, object]] = []
        if self._others_too:
            found = await self._library.find(question, limit=PASSAGES_SHOWN, trust=("third_party",))
            others = [{**_shown(passage), "title": None} for passage in found.passages]
        until = min((passage.fresh_until for passage in answer.passages), default=None)
        return Answered(
            {"passages": passages, "found": len(passages), **({"others": others} if others else {})},
            FieldLabels(fields={"others": "third_party"}),
            kind="passage",
            version=",".join(dict.fromkeys(passage.version_id for passage in answer.passages)),
            fresh_for=None if until is None else max(until - context.now, until - until),
        )


def _shown(passage: FoundPassage) -> dict[str, object]:
    cited = passage.citation
    return {
        "id": cited.passage_id,
        "title": cited.document,
        "document": cited.path,
        "section": cited.section,
        "version": cited.version,
        "age_days": cited.age_days,
        "text": passage.text,
    }

"""Words one or two slips away from known ones, found without comparing with each of them."""

from collections.abc import Iterable, Sequence

SHORTEST_CORRECTED = 5
TWO_SLIPS_FROM = 8


class Spelling:
    """Known words by all forms that lack one or two letters (the deletion neighbourhood of Garbe's SymSpell)."""

    def __init__(self, words: Sequence[str]) -> None:
        self._forms: dict[str, set[str]] = {}
        for word in words:
            for form in _forms(word, 2 if len(word) >= TWO_SLIPS_FROM else 1):
                self._forms.setdefault(form, set()).add(word)

    def nearest(self, word: str) -> str | None:
        """The one known word that this is a slip of; None when there is none or it could be several."""
        if len(word) < SHORTEST_CORRECTED or not word.isalpha():
            return None
        most = 2 if len(word) >= TWO_SLIPS_FROM else 1
        candidates = {known for form in _forms(word, most) for known in self._forms.get(form, ())}
        ranked = sorted((distance(word, known), known) for known in candidates)
        ranked = [(steps, known) for steps, known in ranked if steps <= most and known[0] == word[0]]
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None
        return ranked[0][1]


def distance(one: str, other: str) -> int:
    """Optimal string alignment: insertions, deletions, replacements, and neighbours swapped."""
    before: list[int] = []
    line = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        following = [row]
        for column, known in enumerate(other, start=1):
            cost = min(line[column] + 1, following[column - 1] + 1, line[column - 1] + (letter != known))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == known:
                cost = min(cost, before[column - 2] + 1)
            following.append(cost)
        before, line = line, following
    return line[-1]


def _forms(word: str, lacking: int) -> Iterable[str]:
    found = {word}
    edge = {word}
    for _ in range(lacking):
        edge = {form[:place] + form[place + 1 :] for form in edge for place in range(len(form))}
        found |= edge
    return found

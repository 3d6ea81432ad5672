"""Where the list of what was found ends: what lacks too many of the words is no answer, however near its meaning is."""

from collections.abc import Sequence

from bottega.retrieval.analysis import has_digit, words_of
from bottega.retrieval.fusion import Scored
from bottega.retrieval.search import Searched

# What is shown has at least that share of the words that the best has, by what they tell.
LEAST_COVERAGE_SHARE = 0.75
# A sentence names what it wants: of that share a word that tells little may be lacking.
LEAST_SPOKEN_SHARE = 0.9
# Where so many have all of the words, what lacks one is not wanted.
ENOUGH_WITH_ALL = 3
# Without a constraint, and where nothing has even so much of the words, they describe: then meaning answers.
LEAST_NAMED = 0.5
# What is so near in meaning belongs there with fewer of the words, or none: a camera case for
# "camera bag".
NEAR_IN_MEANING = 0.45
_ROUNDING = 1e-9


def fitting(
    found: Sequence[Scored], searched: Searched, words: str, *, spoken: bool, constrained: bool
) -> list[Scored]:
    """What has as many of these words as can be asked for, in its order: "hdmi" of "hdmi cable" is no mere hint.

    What is `spoken`, or constrained, names what it wants: figures of the words ("windows 10") are had by all where the
    best has them. A few words alone are followed by what is near in meaning as well.
    """
    query = searched.query
    places = _places(searched, words)
    total = sum(query.importance[place] for place in places)
    if total <= 0 or not found:
        return list(found)

    def covered(bits: int) -> float:
        return sum(query.importance[place] for place in places if bits >> place & 1) / total

    # Most products have the same few sets of words.
    covers = {bits: covered(bits) for bits in {one.bits for one in found}}
    shares = [covers[one.bits] for one in found]
    best = max(shares)
    if best <= 0 or (not constrained and best < LEAST_NAMED):
        return list(found)
    if not spoken:
        least = best * LEAST_COVERAGE_SHARE - _ROUNDING
        near = NEAR_IN_MEANING
        return [one for one, share in zip(found, shares, strict=True) if share >= least or (one.cosine or 0.0) >= near]
    with_all = sum(share >= 1 - _ROUNDING for share in shares)
    least = 1.0 if with_all >= ENOUGH_WITH_ALL else best * LEAST_SPOKEN_SHARE
    figures = max(_figures(bits, searched, places) for bits, share in covers.items() if share == best)
    return [
        one
        for one, share in zip(found, shares, strict=True)
        if share >= least - _ROUNDING and one.bits & figures == figures
    ]


def any_has(found: Sequence[Scored], searched: Searched, words: str) -> bool:
    """Whether any of what was found has one of these words; true where there are none."""
    places = _places(searched, words)
    return not places or any(one.bits >> place & 1 for one in found for place in places)


def _places(searched: Searched, words: str) -> list[int]:
    """Where the query has these words."""
    terms = {word.term for word in words_of(words)}
    said = enumerate(searched.query.words)
    return [place for place, word in said if any(one.term in terms for one in words_of(word))]


def _figures(best: int, searched: Searched, places: Sequence[int]) -> int:
    """The bits of the words with figures that the best has, and of those that it has side by side with a figure."""
    words = searched.query.words
    beside = [len(words) + place for place in places if place + 1 in places]
    wanted = [place for place in places if has_digit(words[place])] + beside
    return sum(1 << place for place in wanted if best >> place & 1)

"""Whether a message names a product by itself, and which of those shown it speaks about."""

import re

from bottega.agents.assistant.dialogue.goals.choosing import mentioned_in, refer
from bottega.agents.assistant.dialogue.state import Goal, State
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.options import names_colour
from bottega.agents.assistant.language.slots.said import plainly, words_of

# Around the name of a product in a wish to have it.
LONGEST_NAME_WORDS = 8


def named_in(text: str) -> str:
    """The words of a message that could name a product: what is left without everything that surrounds a name."""
    known = (
        lexicon().silent["product"]
        | lexicon().silent["filler"]
        | frozenset(lexicon().colours)
        | frozenset(lexicon().numbers)
        | frozenset(lexicon().sizes)
        | frozenset(lexicon().ordinals)
    )
    words = [
        word
        for word in words_of(text)
        if word not in known and not names_colour(word) and not re.fullmatch(r"\d+|xxs|xs|s|m|l|xl|xxl|\d+x|x\d+", word)
    ]
    return " ".join(words[:LONGEST_NAME_WORDS])


def about_product(goal: Goal, text: str, state: State, *, names_only_with_capitals: bool) -> Goal:
    """The goal with the product that the text speaks about: a shown one, the one in focus, or a name to look for.

    Questions are full of words that name nothing ("how much does it weigh"); with `names_only_with_capitals` only words
    with a capital inside the sentence are taken for the name of a product that was not shown.
    """
    found = refer(text, state)
    if (found is None or (found.by == "pronoun" and found.is_ambiguous)) and len(state.mentioned) == 1:
        # "The Harvest Moon is good. I take it": named in another breath.
        found = mentioned_in(state.mentioned[0].words, state)
    if state.hints:
        goal = goal.having(hints=state.hints)
    if (
        found is not None
        and found.by == "pronoun"
        and (other := _turned_to(text, state) or _other_kind(goal, text, state))
    ):
        return goal.having(named=other)
    if found is not None and found.handles and not found.is_ambiguous:
        chosen = found.handles
        return goal.having(product=chosen[0], rest=list(chosen[1:]) or None)
    name = _turned_to(text, state)
    if not name and names_only_with_capitals:
        name = _capitalised(text) or _pointed_at(text, state)
    elif not name:
        name = of_ours(named_in(text), state)
    if found is not None and found.is_ambiguous and found.by != "pronoun":
        return goal.having(among=list(found.handles))
    if name and not (names_only_with_capitals is False and _only_shown_kind(name, state)):
        return goal.having(named=name)
    if len(state.focus) == 1:
        return goal.having(product=state.focus[0])
    if len(state.shown) == 1:
        return goal.having(product=state.shown[0].handle)
    return goal


def without_names(text: str, state: State) -> str:
    """The text without the names of products: "2 Rivers socks" says nothing of how many."""
    plain = plainly(text)
    for mention in state.mentioned:
        plain = plain.replace(plainly(mention.words), " ")
    return plain


def each_named(text: str, state: State) -> list[tuple[str, str]]:
    """Each product that the text names, with the part of the text that is about it: what stands before its name back to
    the one before, and what follows it up to a comma or "and"."""
    plain = plainly(text)
    found: list[tuple[int, int, str]] = []
    for mention in state.mentioned:
        start = plain.find(plainly(mention.words))
        named = mentioned_in(mention.words, state)
        if start >= 0 and named is not None:
            found.append((start, start + len(plainly(mention.words)), named.handles[0]))
    found.sort()
    parts: list[tuple[str, str]] = []
    for place, (start, end, handle) in enumerate(found):
        following = found[place + 1][0] if place + 1 < len(found) else len(plain)
        between = plain[end:following]
        # "two soap bars (pine) and the filter": the joint belongs to what comes next.
        joint = re.search(r"\band\b|\bplus\b|[,;]\s*(?=(?:and|plus|one|two|three|\d|an?|the)\b)", between)
        cut = end + joint.start() if joint is not None and place + 1 < len(found) else following
        begins = 0 if not parts else found[place - 1][1]
        before = plain[begins:start]
        last = max((match.end() for match in re.finditer(r"\band\b|\bplus\b|[,;]", before)), default=0)
        parts.append((handle, f"{before[last:]} {plain[end:cut]}".strip()))
    return parts


def of_ours(name: str, state: State) -> str:
    """The name when at least one word of it stands in the name of something that is sold here, else nothing."""
    if state.known_words is None:
        return name
    return name if set(name.split()) & set(state.known_words) else ""


def kind_asked_for(text: str, state: State) -> str:
    """ "A bottle for it", "a map of Cortina": what of ours is asked for, when it is not what is shown anyway."""
    found = re.search(
        r"\b(?:a|an|any|some|the)\s+((?:[\w'-]+\s+){0,3}?[\w'-]+?)(?=\s+(?:for|to|with|of|that|which)\b|[?.!,]|$)",
        plainly(text),
    )
    name = named_in(found.group(1)) if found else ""
    return "" if not name or not _is_of_ours(name, state) or _only_shown_kind(name, state) else name


def _is_of_ours(name: str, state: State) -> bool:
    return bool(state.known_words) and name.split()[-1] in (state.known_words or ())


def _other_kind(goal: Goal, text: str, state: State) -> str:
    """ "Socks to go with them": what is wanted beside the things that "them" stands for."""
    if state.known_words is None or goal.kind != "add":
        return ""
    name = of_ours(named_in(text), state)
    return "" if not name or _only_shown_kind(name, state) else name


def _turned_to(text: str, state: State) -> str:
    """What somebody turns to with "what about the …", unless it is a quality of what is shown."""
    turned = re.match(r"(?:and |but |ok |so )*(?:what|how) about (?:the |a |an |your )?(.+)", plainly(text))
    name = named_in(turned.group(1)) if turned else ""
    return "" if not name or _only_shown_kind(name, state) else name


def _pointed_at(text: str, state: State) -> str:
    """ "The snowsuit", which nobody has shown yet: words of ours after one that points, unless it is shown anyway."""
    known = set(state.known_words or ())
    found = re.search(r"\b(?:the|your|that|those|these)\s+((?:[\w-]+\s+){0,2}?[\w-]+)\b", plainly(text))
    words = [word for word in (named_in(found.group(1)).split() if found else ()) if word in known]
    name = " ".join(words)
    return "" if not name or _only_shown_kind(name, state) else name


def _capitalised(text: str) -> str:
    words = re.findall(r"[^\W\d_][\w'’-]*", text)
    inside = [
        word
        for place, word in enumerate(words)
        if place
        and word[0].isupper()
        and word not in ("I", "I'm", "I'd", "I'll", "OK", "EU", "UK", "XS", "S", "M", "L", "XL", "XXL")
    ]
    return " ".join(inside) if len(inside) >= 2 else ""


def _only_shown_kind(name: str, state: State) -> bool:
    """Whether the words are of what is shown anyway ("the jacket" while jackets are shown)."""
    kinds = {word for item in state.shown for word in (*item.words, *words_of(item.title))}
    return bool(kinds) and all(
        word in kinds or word.rstrip("s") in kinds or f"{word}s" in kinds for word in plainly(name).split()
    )

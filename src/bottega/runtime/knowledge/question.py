"""The words of a question that say what it is about, without those that only make it a sentence."""

import re

# Function words and phrases of asking in English. A question of nothing else is searched for as it stands.
_FUNCTION_WORDS_TEXT = """
a about after again all also am an and any anyone anything are as ask at be because been before being both but by can
cannot could did do does doing done else ever for from get gets getting give had has have having he hello help her here
hi him his how i if in into is it its just know let like long make many may me might more most much must my need no nor
not now of off on once one only or other our out over own please say she should so some somebody something still such
take tell than thank thanks that the their them then there these they thing things this those to too two under until up
us use very want was we were what when where whether which while who whom whose why will with within would yes yet you
your yours"""
_FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_TEXT.split())
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def telling_words(question: str) -> str:
    """The question's words without function words, in their order."""
    kept = [word for word in _WORD.findall(question) if word.casefold().partition("'")[0] not in _FUNCTION_WORDS]
    return " ".join(kept) or question

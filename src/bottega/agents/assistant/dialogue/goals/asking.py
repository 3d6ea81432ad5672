"""Questions that documents answer, and handing over to a person."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue.attributes import sentences_about, valued
from bottega.agents.assistant.dialogue.here import Here, changing, missing_tool, refused
from bottega.agents.assistant.dialogue.json_values import record, records
from bottega.agents.assistant.dialogue.move import Call, Step, finish, phrase, verbatim
from bottega.agents.assistant.dialogue.state import Asked, Goal, Json, State
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.patterns import paraphrased, says
from bottega.agents.assistant.language.slots.addresses import country
from bottega.agents.assistant.language.slots.said import words_of

PASSAGES_QUOTED = 2
LONGEST_QUOTE_CHARACTERS = 700
LONGEST_TABLE_CHARACTERS = 1_300
LONGEST_SUBJECT_CHARACTERS = 120
HEADING_WEIGHT = 0.4
COVERED_WEIGHT = 0.8
# What the usual question finds counts less than what this one does.
LATER_SHARE = 0.8
SUBJECT_WEIGHT = 1.2
SHORT_PASSAGE_CHARACTERS = 520
LONG_PASSAGE_CHARACTERS = 700
# A longer second passage is quoted when it fits nearly as well.
NEARLY = 0.8
AT_ALL = 0.55
# What a question is about that more than one document speaks of.
SEVERAL = "several"
# What the account's own pages are for.
ACCOUNT_MATTERS = frozenset({"newsletter", "account_create", "account_edit", "account_password", "account_delete"})
_REACHABLE = re.compile(r"@|\+\d{2}|\b\d{2,4}[ /]\d{3,}")
_MARKDOWN = re.compile(r"^\s{0,3}(?:#{1,6}\s+|>\s?)|\*\*|__|`", re.MULTILINE)


def advance_policy(state: State, goal: Goal, here: Here) -> Step:
    """Quotes the passages that answer, with their source; says so when no document does."""
    if not here.results.offers("find_policy"):
        return missing_tool(state, goal)
    said, about = str(goal.slot("question") or goal.words), str(goal.slot("about") or "")
    if goal.slot("asked") is None:
        again = state.policy_turn == state.turn - 1 and state.last_policy == about
        goal = goal.having(asked=" ".join([said, *_circumstances(said, about, state)]), again=again)
        state = state.with_changed(goal)
    asked = str(goal.slot("asked"))
    question = asked_of_documents(asked, about) if asked == said else asked
    # What people generally want to know of the subject finds its passages too, however this one was put.
    usual = lexicon().canonical.get(about, question)
    calls = [Call("find_policy", {"question": one}) for one in dict.fromkeys((question, usual))]
    step = here.ready(state, *calls)
    if step is not None:
        return step
    found = [result for call in calls if (result := here.read(call)) is not None]
    if found[0].failed:
        return finish(state, goal, *refused(found[0]))
    passages = ranked([passages_in(result.content) for result in found if not result.failed], asked, about, question)
    if about == "handover":
        passages = [passage for passage in passages if _REACHABLE.search(valued(passage.get("text") or ""))]
    if not passages:
        return _unanswered(state, goal, about)
    lead = "policy.codes" if about == "coupon" and says(said, "cart.about_codes") else "policy.lead"
    parts = [verbatim(f"{_quote(passage, f'{question} {asked}')} [{_source(passage)}]") for passage in passages]
    citations = tuple(dict.fromkeys(_source(passage) for passage in passages))
    offer = {"lost": "policy.search", "policy_warranty": "policy.decided_by_person"}.get(about)
    wants_person = about == "lost" or bool(goal.slot("again"))
    state = state.model_copy(update={"policy_country": country(said) or state.policy_country})
    if offer is None or not wants_person or state.ticket_turn:
        return finish(state, goal, phrase(lead), *parts, citations=citations)
    asked_next = Asked(what="offer", option="handover")
    parts.append(phrase(offer))
    return finish(state, goal, phrase("policy.lead"), *parts, citations=citations, asked=asked_next)


def _circumstances(question: str, about: str, state: State) -> list[str]:
    """What belongs to the question without being said: what documents call it, and where and how the order travels."""
    known = next((order for order in state.orders if order.number == state.order_in_focus), None)
    found = list(paraphrased(question))
    if about == "policy_shipping" and known is not None and state.topic == "order":
        found += [known.method] if known.method and not says(question, "shipping.named") else []
    if about == "policy_shipping" and state.policy_turn == state.turn - 1 and state.policy_country:
        found += [] if country(question) else [_country_name(state.policy_country)]
        return found
    country_code = known.country if known is not None and state.topic in ("order", "return") else state.country
    if about == "policy_shipping" and country_code and country(question) is None:
        found.append(_country_name(country_code))
    if about == "refund_cancelled":
        found.append("cancel before shipment, refund of the whole amount at once")
    if about == "policy_sizing" and state.shown and not says(question, "about.body"):
        # The sizes of boots, when boots are spoken about.
        found += state.shown[0].kinds
    return found


def _country_name(code: str) -> str:
    return next((name.title() for name, named in lexicon().countries.items() if named == code), code)


def asked_of_documents(question: str, about: str) -> str:
    """The customer's question; a mere subject ("return policy?") becomes what people want to know about it."""
    silent = lexicon().silent
    said = [word for word in words_of(question) if word not in silent["policy"] and word not in silent["question"]]
    return lexicon().canonical.get(about, question) if not said else question


def ranked(
    lists: Sequence[Sequence[Mapping[str, Any]]], question: str, about: str, wording: str = ""
) -> list[Mapping[str, Any]]:
    """The passages to quote, best first: a document of the subject, a heading and words that speak of what was asked
    come before a passage that was found higher. A second one is quoted when it is short and of the same document."""
    said = _stems(question)
    telling = said - {_stem(word) for word in lexicon().silent["policy"]}
    passages: dict[str, Mapping[str, Any]] = {}
    weights: dict[str, float] = {}
    for place_of_list, listed in enumerate(lists):
        for place, passage in enumerate(listed):
            source = _source(passage)
            passages.setdefault(source, passage)
            share = LATER_SHARE if place_of_list else 1.0
            weights[source] = weights.get(source, 0.0) + share / (place + 1)
    for source, passage in passages.items():
        heading = _stems(str(passage.get("section") or ""))
        title = set(words_of(str(passage.get("title") or "")))
        held = _stems(valued(passage.get("text") or ""))
        of_subject = SUBJECT_WEIGHT if title & set(lexicon().documents.get(about, ())) else 0.0
        covered = len(telling & (held | heading)) / len(telling) if telling else 0.0
        weights[source] += HEADING_WEIGHT * min(2, len(said & heading)) + COVERED_WEIGHT * covered + of_subject
    best = [passages[source] for source in sorted(weights, key=lambda source: -weights[source])[:PASSAGES_QUOTED]]
    if not best:
        return []
    is_other_document = len(best) > 1 and best[0].get("title") != best[1].get("title")
    if len(best) < PASSAGES_QUOTED or (is_other_document and about != SEVERAL):
        return best[:1]
    if _is_another_case(best[1], best[0], said):
        return best[:1]
    nearness = weights[_source(best[1])] / weights[_source(best[0])]
    room = LONG_PASSAGE_CHARACTERS if nearness >= NEARLY else SHORT_PASSAGE_CHARACTERS if nearness >= AT_ALL else 0
    return best if len(_quote(best[1], f"{wording} {question}")) <= room else best[:1]


def _is_another_case(second: Mapping[str, Any], first: Mapping[str, Any], said: set[str]) -> bool:
    """Whether of two tables the question names the first one's case alone: days to Italy, not to the rest of Europe."""
    have_tables = all("|" in valued(one.get("text") or "") for one in (first, second))
    of_first, of_second = (said & _stems(str(one.get("section") or "")) for one in (first, second))
    return have_tables and bool(of_first) and not of_second


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in words_of(text) if word not in lexicon().silent["question"]} - {""}


def _stem(word: str) -> str:
    return word.removesuffix("s").removesuffix("ing").removesuffix("ed").removesuffix("e") if len(word) > 3 else ""


def _unanswered(state: State, goal: Goal, about: str) -> Step:
    asked = Asked(what="offer", option="handover")
    key = "policy.in_account" if about in ACCOUNT_MATTERS else "policy.not_found"
    return finish(state, goal, phrase(key), choices=("Ask a colleague", "No"), asked=asked)


def passages_in(content: Json) -> Sequence[Mapping[str, Any]]:
    """Passages out of what the tool answers."""
    held = record(content)
    wrapped = (held[name] for name in ("passages", "items", "result") if held.get(name))
    return records(next(wrapped, content))


def _source(passage: Mapping[str, Any]) -> str:
    return str(passage.get("evidence_id") or passage.get("id") or passage.get("passage_id") or "")


def _quote(passage: Mapping[str, Any], question: str) -> str:
    """The passage's own words: whole when it is short, else the sentences that speak of what was asked."""
    text = _MARKDOWN.sub("", valued(passage.get("text") or "")).strip()
    if len(text) <= LONGEST_QUOTE_CHARACTERS:
        return text
    rows = [line for line in text.splitlines() if line.lstrip().startswith("|")]
    if rows:
        rest = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("|")]
        kept = [*_rows_told(rows, question), *(rest if len(" ".join(rest)) <= SHORT_PASSAGE_CHARACTERS else [])]
        return "\n".join(kept)[:LONGEST_TABLE_CHARACTERS]
    found = sentences_about(question, text, limit=4)
    if found:
        return " ".join(found)[:LONGEST_QUOTE_CHARACTERS]
    cut = text[:LONGEST_QUOTE_CHARACTERS]
    return cut[: max(cut.rfind(". ") + 1, cut.rfind("\n"), 0)] or cut


def _rows_told(rows: Sequence[str], question: str) -> list[str]:
    """The table's head and the rows whose case the question names; all of them when it names none: a row that is left
    out because its words differ would be taken for a no."""
    said = _stems(question) - {_stem(word) for word in lexicon().silent["policy"]}
    named = [len(said & _stems(row.strip(" |").partition("|")[0])) for row in rows[1:]]
    most = max(named, default=0)
    return [rows[0], *(row for row, count in zip(rows[1:], named, strict=True) if count == most)]


def advance_hand_over(state: State, goal: Goal, here: Here) -> Step:
    """Opens a ticket with what was said, so that a person can take over."""
    if not here.results.offers("escalate_support"):
        return missing_tool(state, goal)
    done = here.results.done("escalate_support")
    if done is None:
        words = goal.words.strip() or "The customer asks for a person."
        arguments: dict[str, Json] = {"subject": _subject(goal), "summary": words, "text": words}
        number = str(goal.slot("order") or state.order_in_focus)
        handle = next((order.handle for order in state.orders if order.number == number), "")
        if number and not handle and here.results.offers("get_order"):
            read = Call("get_order", {"number": number})
            step = here.ready(state, read)
            if step is not None:
                return step
            found = here.read(read)
            handle = "" if found is None or found.failed else str(found.record.get("id") or "")
        arguments |= {"order_id": handle} if handle else {}
        result = changing(state, goal, here, Call("escalate_support", arguments))
    else:
        result = changing(state, goal, here, Call("escalate_support", done.arguments))
    if isinstance(result, Step):
        return result
    number = str(result.record.get("number") or "")
    fields = {"number": number} if number else {}
    state = state.model_copy(update={"ticket_turn": state.turn})
    return finish(state, goal, phrase("hand_over.done", **fields), handover=True)


def _subject(goal: Goal) -> str:
    named = {"complaint": "Complaint", "payment_problem": "Problem with a payment", "review": "Feedback"}
    about = str(goal.slot("about") or "")
    first_line = goal.words.strip().splitlines()[0] if goal.words.strip() else ""
    return (named.get(about) or first_line or "Conversation with the assistant")[:LONGEST_SUBJECT_CHARACTERS]

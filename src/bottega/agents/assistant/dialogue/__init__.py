"""How a conversation with a shopper goes: explicit state, goals on a stack, and for each the next call or question.

Everything here is a pure function of (state, what was understood, results of this turn); see docs/offline-engine.md for
what is expected of tools and runtime.
"""

"""The shopping assistant; so far by rules alone: find, show, ask, buy."""

"""Who comes in, by program or by browser: tokens, identity, sessions, limits, and what a serving process works with.

`gateway` (the API) and `web` (pages for people) are strangers to each other and both stand on this.
"""

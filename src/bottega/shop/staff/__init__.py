"""Staff: the people who work in the shop, their roles, and the API keys of programs that work for it."""

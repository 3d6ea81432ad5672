"""The conversation with the assistant, in a panel on every page and on a page of its own."""

"""Knowledge and memory: the documents that are quoted, and what is remembered of a customer and why."""

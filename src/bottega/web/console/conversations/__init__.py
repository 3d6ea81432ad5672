"""Conversations: who talks with the assistant, what was said, and a colleague taking over."""

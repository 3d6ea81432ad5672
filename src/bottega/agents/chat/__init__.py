"""Conversations with customers: who talks in one, who is proven, when a person takes over."""

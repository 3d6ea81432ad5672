"""Uploaded pictures: taken apart and put together again out of known parts, and kept under their digest."""

"""The demo shop: an invented outdoor shop, loaded through the same actions as any other."""

"""One Protocol per file, in the shop's words, wherever a vendor or a model stands behind it."""

"""One Protocol per file, in the shop's words; a port exists only where a vendor or a model stands behind it."""

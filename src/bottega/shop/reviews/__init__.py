"""Reviews: what customers say about products, shown once staff have published it."""

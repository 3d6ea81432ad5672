"""Lists of products: departments, collections, searches."""

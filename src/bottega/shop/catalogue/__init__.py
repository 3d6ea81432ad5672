"""The catalogue: products with variants, options, attributes and media; categories and collections."""

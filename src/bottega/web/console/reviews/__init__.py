"""Reviews: read before they are shown, published, and hidden again."""

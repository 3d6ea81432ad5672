"""Files of products: the formats they come in, reading them into the shop, and writing them out."""

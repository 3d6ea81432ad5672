"""Products: the list, one product with its texts, variants, prices and pictures, new ones, and whole files of them."""

"""A shopper's sentence read by rules: the words to search by, and the constraints that what is found must meet."""

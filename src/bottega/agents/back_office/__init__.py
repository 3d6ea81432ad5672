"""The back-office assistant: prepares answers and changes for colleagues, who decide about them."""

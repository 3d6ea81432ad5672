"""Memory: facts about a customer out of their own words and the shop's records, each with its source and its end."""

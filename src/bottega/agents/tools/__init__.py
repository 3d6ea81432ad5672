"""The shop's tools: actions and queries of the shop in the form in which roles offer them to a model."""

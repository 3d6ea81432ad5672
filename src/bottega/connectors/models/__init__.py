"""Language models of vendors, and of any server that speaks OpenAI's format; one file per vendor."""

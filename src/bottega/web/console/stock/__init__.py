"""Stock: levels, what is running out, counting and receiving, and what moved."""

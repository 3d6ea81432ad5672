"""Stock: what lies where, what is promised to orders, and every movement of goods."""

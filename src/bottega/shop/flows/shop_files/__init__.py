"""Files that hold another shop's whole data: their forms, and how they are brought in."""

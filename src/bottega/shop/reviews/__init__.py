"""Reviews: what customers say of products; third-party text, shown only once staff let it."""

"""Pure values that everything else is written in: money, identifiers, errors, canonical JSON."""

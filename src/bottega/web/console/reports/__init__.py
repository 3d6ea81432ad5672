"""Reports: what was sold, to whom and what of it came back, as plots, bars and CSV."""

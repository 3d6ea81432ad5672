"""Keeps information from flowing where it must not: handles, provenance, rule of two, masking, grounding, egress."""

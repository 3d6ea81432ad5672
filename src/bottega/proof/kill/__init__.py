"""Real kills: the shop as separate processes under load, any of them killed at random moments."""

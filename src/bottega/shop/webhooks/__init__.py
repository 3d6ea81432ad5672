"""Webhooks to merchants' systems: endpoints, and the deliveries that the log causes."""

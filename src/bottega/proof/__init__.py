"""Campaigns that would fail if the product's promises were false; nothing imports this but the command line."""

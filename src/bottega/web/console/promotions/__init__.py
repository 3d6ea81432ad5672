"""Promotions: coupons and automatic discounts, what they took off, and their terms."""

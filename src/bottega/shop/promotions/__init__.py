"""Promotions: coupons and automatic discounts, their limits, and what they take off."""

"""Payments through Stripe's PaymentIntents."""

"""Every port without a vendor: deterministic, inspectable, safe to break."""

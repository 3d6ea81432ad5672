"""Every way in: the HTTP API, sign-in, webhooks, and how refusals look from outside."""

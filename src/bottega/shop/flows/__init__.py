"""What spans contexts: each verb is one action with one transaction."""

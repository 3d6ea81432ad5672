"""What proves who somebody is: passwords, sessions, one-time codes, and the lock after repeated failures."""

"""What the shop stands on: database, jobs, clock, secrets, telemetry."""

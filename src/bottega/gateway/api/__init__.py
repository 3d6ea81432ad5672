"""The REST API, one file per context; each has a `router`."""

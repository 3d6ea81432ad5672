"""How the properties of the kernel are tried out."""

from hypothesis import settings

# A busy machine is no reason to fail: an example may take as long as it likes.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

"""What stands around every page of the console."""

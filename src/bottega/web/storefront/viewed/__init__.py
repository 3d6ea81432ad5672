"""What a visitor looked at last, on the pages where it helps, and a way to forget it."""

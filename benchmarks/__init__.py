"""Speed and memory, measured beside a ceiling in the same run; never part of the tests."""

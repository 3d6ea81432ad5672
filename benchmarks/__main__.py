"""`python -m benchmarks`: the shop's figures in one table."""

from benchmarks.shop import main

main()

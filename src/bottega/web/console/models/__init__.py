"""Models: which routes there are, what they cost, what budgets allow, and how the agents do against their targets."""

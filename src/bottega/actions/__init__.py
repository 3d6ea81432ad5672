"""The one path by which the shop changes: actions, policy, approvals, the log, effects, undo and replay."""

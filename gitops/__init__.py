"""The request file and everything that happens to it: format, policy, cost, plan, apply, receipts, command line."""

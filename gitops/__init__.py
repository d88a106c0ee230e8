"""The request file and everything that happens to it, from format and policy to plan, apply and receipts."""

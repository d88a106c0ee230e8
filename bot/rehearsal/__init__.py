"""Conversations played without Slack: a simulated requester, and a score of what came of each talk."""

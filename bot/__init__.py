"""The conversation: Slack in, confirmed request out, and the webhook that keeps the thread told."""

"""A rehearsal world for one machine: Slack, GitHub and its runner, Databricks."""

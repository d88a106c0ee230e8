"""The workspace in the browser: beside the conversation, what happens in GitHub and in Databricks."""

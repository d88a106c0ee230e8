"""A rehearsal Databricks: what minilake has not, in front of it."""

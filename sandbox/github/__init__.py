"""A rehearsal GitHub: the REST and Git that Lakeport and PyGithub use, over bare repositories."""

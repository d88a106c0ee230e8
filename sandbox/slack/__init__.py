"""A rehearsal Slack: the Web API, events and sockets, and a page to be a person in."""

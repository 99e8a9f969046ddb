"""The report: one page for the team, or for the public."""

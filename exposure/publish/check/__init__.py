"""The public "am I affected?" page."""

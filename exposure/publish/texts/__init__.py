"""The advisory: sentences with claims, messages, channels, review, the war room's line."""

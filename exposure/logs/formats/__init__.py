"""The formats that can be read: how each is recognised, and lines of it -> records."""

"""Where the logs are read: on this machine, or by the workers of an engine that exists."""

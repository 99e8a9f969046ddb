"""Secrets in logs: found, replaced, and the wallets that they open."""

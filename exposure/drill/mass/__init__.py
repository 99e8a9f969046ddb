"""Incidents of any size with known truth, made by columns: no EVM, a few dozen people or a million."""

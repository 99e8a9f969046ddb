"""Incidents with known truth, to practise on and to measure by."""

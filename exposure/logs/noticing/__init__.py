"""What the logs cannot show: holes, clocks, zones, missing pieces, in words."""

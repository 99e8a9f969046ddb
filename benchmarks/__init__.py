"""Side-by-side measurements that print tables: `python -m benchmarks.NAME`."""

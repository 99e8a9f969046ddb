"""The rules that any advisory text is judged by."""

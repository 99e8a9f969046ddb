"""The shared spreadsheet, and what people type into it."""

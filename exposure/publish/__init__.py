"""Tables -> what people read: sheet, texts with claims, report."""

"""The order book: what the load asked for, operation by operation, against what the stack holds of it when all is quiet."""

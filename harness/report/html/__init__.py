"""The report as one self-contained HTML file: what a person enjoys reading, and a sceptic can check."""

"""The judge is judged: a simulated service, healthy and with planted defects, and how often the verdicts are wrong."""

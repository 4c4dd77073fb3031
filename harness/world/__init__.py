"""The outside in small separate handles: clock, proxies, containers, lookout. Each fault and probe declares which it uses."""

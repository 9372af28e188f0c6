"""HTTP: requests in, replies out; nothing here knows what is asked for."""

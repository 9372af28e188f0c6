"""The event stream: what happens to runs, as clients send and read it."""

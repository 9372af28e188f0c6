"""What a server is told about itself: who may call it, and how it is set."""

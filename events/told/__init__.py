"""What is told: events of clients and of the server, and which of them somebody wants."""

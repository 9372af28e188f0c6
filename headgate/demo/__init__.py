"""The demonstration: a real flow, run by an unmodified Prefect client, travels through Headgate."""

"""The wire: how messages and snapshots become bytes and are read again."""

"""Commands that put a server in order: views built anew, everything emptied."""

"""Blocks: what their schemas hash to, which of their values are secret, and the seal over those."""

"""Rendering: what there is, as clients read it; one way for snapshots and views."""

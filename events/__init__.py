"""The language of Headgate: what may be asked, what was decided, and what is true now."""

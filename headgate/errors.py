"""What a person caused and can mend: every such error says what to do, and is shown as one line."""


class ForPeople(Exception):
    """Its message is all that is shown; there is nothing to look for in a traceback."""


class Misused(ForPeople):
    """A command was given something that it cannot understand."""

"""The page of transitions says what the rules say."""

from tests.support.transitions import PAGE, page


def test_the_page_of_transitions_is_what_the_rules_answer() -> None:
    assert PAGE.read_text() == page(), "python -m tests.support.transitions writes it again"

from {{ cookiecutter.package }}.text import words


def test_words_are_lower_case_and_in_order() -> None:
    assert words("Each Word  once") == ["each", "word", "once"]


def test_no_text_has_no_words() -> None:
    assert words("") == []

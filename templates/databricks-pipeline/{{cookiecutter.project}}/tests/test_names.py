import pytest

from {{ cookiecutter.package }}.main import options
from {{ cookiecutter.package }}.names import quoted, table


def test_table_has_three_quoted_parts() -> None:
    assert table("dev", "features", "raw") == "`dev`.`features`.`raw`"


def test_a_backtick_cannot_end_the_name() -> None:
    assert quoted("a`b") == "`a``b`"


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        quoted("")


def test_options_are_read() -> None:
    chosen = options(["--catalog", "dev", "--schema", "features"])
    assert (chosen.catalog, chosen.schema) == ("dev", "features")

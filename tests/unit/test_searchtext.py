from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.searchtext import clean, run_id_prefix, tokens, tsquery


def test_it_cuts_ids_paths_and_errors_into_words() -> None:
    assert tokens("S3ServiceError: PutObject 503", "northwind-press /srv/erp/app.py stm_9F1C") == [
        "s3serviceerror", "putobject", "503", "northwind", "press", "srv", "erp", "app", "py", "stm", "9f1c",
    ]  # fmt: skip


def test_a_huge_text_yields_a_bounded_number_of_words() -> None:
    assert len(tokens(" ".join(f"w{i}" for i in range(5000)))) == 600
    assert tokens("x" * 9000) == ["x" * 64]


def test_a_search_wants_every_word_as_a_prefix() -> None:
    assert tsquery("SlowDown 503") == "'slowdown':* & '503':*"
    assert tsquery("  ") is None
    assert tsquery("%&|!()':*") is None


def test_only_what_can_be_a_ulid_is_taken_for_one() -> None:
    assert run_id_prefix("01m84rcy") == "01M84RCY"
    assert run_id_prefix("01M84RCYDTFRS5K3RNVT5QH14J0") is None
    assert run_id_prefix("clerk") is None  # L is not in the alphabet
    assert run_id_prefix("S3") is None


def test_it_removes_what_postgresql_cannot_keep() -> None:
    assert clean("a\x00b\ud800c", 10) == "a�b?c"
    assert clean(None, 5) is None
    assert clean("abcdef", 3) == "abc"


@given(st.text())
def test_stored_words_and_asked_words_are_cut_alike(text: str) -> None:
    asked = tsquery(text)
    for word in tokens(text, limit=20):
        assert asked is not None
        assert f"'{word}':*" in asked

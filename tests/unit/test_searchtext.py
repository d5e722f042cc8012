from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.searchtext import (
    MOST_WORDS,
    clean,
    run_id_prefix,
    terms,
    tokens,
    tokens_of_values,
    tsquery,
    whole,
)


def test_it_cuts_ids_paths_and_errors_into_words() -> None:
    assert tokens("S3ServiceError: PutObject 503", "northwind-press /srv/erp/app.py stm_9F1C") == [
        "s3serviceerror", "putobject", "503", "northwind", "press", "srv", "erp", "app", "py", "stm", "9f1c",
    ]  # fmt: skip


def test_a_huge_text_yields_a_bounded_number_of_words() -> None:
    assert len(tokens(" ".join(f"w{i}" for i in range(5000)))) == 600
    assert tokens("x" * 9000) == ["x" * 64]


def test_a_search_wants_every_word_as_a_prefix() -> None:
    assert tsquery(*terms("SlowDown 503")) == "'slowdown':* & '503':*"
    assert tsquery(*terms("  ")) is None
    assert tsquery(*terms("%&|!()':*")) is None


def test_an_id_is_asked_for_by_its_words_or_as_a_whole() -> None:
    (asked,) = terms("Stm_9F1C,")
    assert tsquery(asked) == "('stm':* & '9f1c':* | 'stm_9f1c':*)"
    assert tsquery(asked, only={"9f1c"}) == "('9f1c':* | 'stm_9f1c':*)"
    assert tsquery(asked, only=set()) is None


def test_only_one_word_of_ascii_is_taken_for_an_id() -> None:
    assert whole(" stm_9F1C ") == "stm_9f1c"
    assert whole("a@b.example") == "a@b.example"
    assert whole("x" * 9000) == "x" * 64
    for none in ("two words", "•••", "ünïon-1", "a'b", "a\\b", "", "--"):
        assert whole(none) is None, none


def test_every_id_of_a_long_input_is_kept_but_not_every_word() -> None:
    kept = tokens_of_values([f"stm_{n}" for n in range(500)] + ["the last words"])
    assert {f"stm_{n}" for n in range(500)} <= set(kept)
    assert len(kept) == 500 + MOST_WORDS
    assert "last" not in kept


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
    asked = tsquery(*terms(text))
    for word in [word for term in terms(text) for word in term.words]:
        assert asked is not None
        assert f"'{word}':*" in asked

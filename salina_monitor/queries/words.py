"""A search as predicates: rarer words are looked up in the index, words that nearly every run holds in what they found.

The beginning of a word will do, so the index would have to add up everything that begins like a frequent word before it
could meet the rare one: an id such as `st_123456` consists of both. It may also be kept as a whole, which is asked for
beside either part: (rare or whole) and (frequent or whole) is (rare and frequent) or whole.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from salina_monitor.queries.source import JobSource
from salina_monitor.searchtext import Term, run_id_prefix, terms, tsquery, whole_words
from salina_monitor.store import load_sql

SQL = load_sql("jobs")
MOST_WORDS = 20
# Words expected so many times as often as the rarest are not worth asking the index for.
TIMES_RAREST = 20


def words_of(source: JobSource, text: str) -> tuple[list[str], dict[str, Any]]:
    """Predicates and their parameters, for a text that is not blank. Raises StoreError."""
    asked = tuple(terms(text, MOST_WORDS))
    if not asked:
        return [SQL["nothing"]], {}
    predicates: list[str] = []
    values: dict[str, Any] = {}
    words: list[Term] = []
    for term in asked:
        prefix = _id_prefix(term.text, alone=len(asked) == 1)
        if prefix:
            place = len(predicates)
            predicates.append(SQL["text_words_or_id"].replace("{place}", str(place)))
            values |= {f"words_{place}": tsquery(term), f"prefix_{place}": f"{prefix}%"}
        else:
            words.append(term)
    if sum(len(term.words) for term in asked) == 1:
        rare, rest = set(asked[0].words), set()
    else:
        expected = _expected(source, list(dict.fromkeys(word for term in asked for word in term.words)))
        limit = TIMES_RAREST * max(1, min(expected.values()))
        rare = {word for word, rows in expected.items() if rows <= limit}
        rest = set(expected) - rare
    for part, chosen in (("words", rare), ("rest", rest)):
        query = tsquery(*words, only=chosen)
        if query:
            predicates.append(SQL[f"text_{part}"])
            values[part] = query
    return predicates, values


def _id_prefix(word: str, *, alone: bool) -> str | None:
    """A word as the beginning of the id of a run or an event; beside others only with a figure, as these ids begin."""
    return run_id_prefix(word) if alone or any(c.isdigit() for c in word) else None


def are_frequent(conn: Connection[dict[str, Any]], text: str, where: str, values: dict[str, Any], than: int) -> bool:
    """Whether each word is expected in more runs than that, of those that `where` leaves."""
    words = dict.fromkeys(word for term in terms(text, MOST_WORDS) for word in term.words)
    return bool(words) and all(_rows(conn, word, where, values) > than for word in words)


def of_whole_words(values: dict[str, Any]) -> dict[str, Any]:
    """Parameters of the predicates of `words_of` for the words themselves, not for what begins like them.

    What these find is a part of what the search finds, and the index need not add up all that begins like a word: so
    that there is more of it than anybody counts can be told in a third of the time.
    """
    return {
        name: whole_words(value) if name == "rest" or name.startswith("words") else value
        for name, value in values.items()
    }


def _expected(source: JobSource, words: list[str]) -> dict[str, int]:
    with source.store.connection() as conn:
        return {word: _rows(conn, word, SQL["everything"], {}) for word in words}


def _rows(conn: Connection[dict[str, Any]], word: str, where: str, values: dict[str, Any]) -> int:
    text = SQL["expected"].replace("{where}", where)
    plan = conn.execute(text.encode(), {**values, "word": f"'{word}':*"}).fetchone()
    assert plan is not None
    return int(plan["QUERY PLAN"][0]["Plan"]["Plan Rows"])

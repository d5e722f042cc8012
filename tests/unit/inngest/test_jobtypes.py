from __future__ import annotations

import pytest

from salina_monitor.jobtypes import JobTypes
from salina_monitor.models import Function
from salina_monitor.settings import JobType, Settings

TYPES = JobTypes.of(Settings.load({}))


@pytest.mark.parametrize(
    ("function", "type_id", "label"),
    [
        ("generate-statement-pdf", "pdf-generation", "PDF generation"),
        ("pdf-generation", "pdf-generation", "PDF generation"),
        ("salina-erp-pdf-generation", "pdf-generation", "PDF generation"),
        ("generate-statements-batch", "batch-statements", "Batch statements"),
        ("salina-erp-generate-statements-batch", "batch-statements", "Batch statements"),
        ("import-royalties", "import-royalties", "Import royalties"),
        ("author-pdf-generation", "author-pdf-generation", "Import royalties"),
        ("generate-statement-pdf-failure", "generate-statement-pdf-failure", "Import royalties"),
    ],
)
def test_it_knows_the_type_of_a_function(function: str, type_id: str, label: str) -> None:
    assert TYPES.type_of(function) == type_id
    assert TYPES.label_of(function, "Import royalties") == label
    assert function in TYPES.functions_of(type_id)


def test_a_function_without_a_name_is_labelled_by_its_id() -> None:
    assert TYPES.label_of("import-royalties", None) == "import-royalties"
    assert TYPES.label_of("import-royalties", "") == "import-royalties"


def test_functions_of_is_the_inverse_of_type_of() -> None:
    for type_id in ("pdf-generation", "batch-statements", "import-royalties", "no such type"):
        functions = TYPES.functions_of(type_id)
        assert len(set(functions)) == len(functions) > 0
        assert {TYPES.type_of(f) for f in functions} == {type_id}


def test_an_unlisted_function_named_like_a_type_belongs_to_it() -> None:
    types = JobTypes([JobType("pdf", "PDFs", ("make-pdf",))])
    assert types.type_of("pdf") == "pdf"
    assert set(types.functions_of("pdf")) == {"make-pdf", "salina-erp-make-pdf", "pdf"}


def test_the_map_may_spell_functions_with_the_app() -> None:
    types = JobTypes([JobType("pdf", "PDFs", ("books-make-pdf",))], app_id="books")
    assert types.type_of("make-pdf") == types.type_of("books-make-pdf") == "pdf"


def test_what_is_written_out_wins_over_what_is_derived() -> None:
    types = JobTypes([JobType("a", "A", ("run",)), JobType("b", "B", ("app-run",))], app_id="app")
    assert (types.type_of("run"), types.type_of("app-run")) == ("a", "b")
    assert (types.functions_of("a"), types.functions_of("b")) == (("run", "a"), ("app-run", "b"))


def test_labels_are_the_configured_types_and_then_the_others_by_name() -> None:
    known = [
        Function("web-hooks", "Webhooks"),
        Function("pdf-generation", "Old name"),
        Function("clean-up", "clean up"),
        Function("salina-erp-generate-statement-pdf", "x"),
    ]
    assert list(TYPES.labels(known).items()) == [
        ("pdf-generation", "PDF generation"),
        ("batch-statements", "Batch statements"),
        ("clean-up", "clean up"),
        ("web-hooks", "Webhooks"),
    ]
    assert list(TYPES.labels()) == ["pdf-generation", "batch-statements"]

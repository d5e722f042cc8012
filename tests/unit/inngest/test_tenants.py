from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.inngest.tenants import MAX_DOCUMENTS, MAX_LENGTH, documents_of, tenant_of


@pytest.mark.parametrize(
    ("data", "tenant"),
    [
        ({"tenantId": "t1"}, "t1"),
        ({"tenant_id": "t2"}, "t2"),
        ({"tenantId": "a", "tenant_id": "b"}, "a"),
        ({"tenantId": "  ", "tenant_id": "b"}, "b"),
        ({"tenantId": 42}, "42"),
        ({"tenantId": 0}, "0"),
        ({"tenantId": " t "}, "t"),
        ({"tenantId": ""}, None),
        ({"tenantId": None}, None),
        ({"tenantId": True}, None),
        ({"tenantId": 1.5}, None),
        ({"tenantId": ["t"]}, None),
        ({"tenantId": {"id": "t"}}, None),
        ({"tenantid": "t"}, None),
        ({"tenantId": 10**5000}, None),
        ({}, None),
    ],
)
def test_it_finds_the_tenant(data: dict[str, Any], tenant: str | None) -> None:
    assert tenant_of(data) == tenant


def test_it_keeps_ids_within_bounds() -> None:
    assert tenant_of({"tenantId": "x" * 1000}) == "x" * MAX_LENGTH


@given(
    st.dictionaries(
        st.sampled_from(["tenantId", "tenant_id", "statementId", "_id", "Ids", "x_ids"]) | st.text(),
        st.none() | st.integers() | st.text() | st.lists(st.integers() | st.text()) | st.floats(),
    )
)
def test_no_payload_breaks_it(data: dict[str, Any]) -> None:
    assert tenant_of(data) != ""
    assert len(documents_of(data)) <= MAX_DOCUMENTS


@pytest.mark.parametrize(
    ("data", "documents"),
    [
        ({"statementId": "st_1", "tenantId": "acme", "userId": "u1"}, ("statement:st_1",)),
        ({"statement_id": 118}, ("statement:118",)),
        ({"feedID": "f", "importId": "i"}, ("feed:f", "import:i")),
        ({"authorIds": ["a", "b"], "periodStart": "2026"}, ()),
        ({"statementId": None, "documentId": "", "fileId": True}, ()),
        ({"statementId": {"deep": 1}}, ()),
        ({"statementId": "st_1", "authorId": "a", "customer_id": "c"}, ("statement:st_1",)),
    ],
)
def test_it_finds_what_a_job_is_about(data: dict[str, Any], documents: tuple[str, ...]) -> None:
    assert documents_of(data) == documents


def test_configured_fields_are_the_only_ones_that_count() -> None:
    data = {"statementId": "st_1", "orderId": "o_1", "isbn": "978-3"}
    assert documents_of(data, ("isbn", "statementId")) == ("statement:st_1", "isbn:978-3")


def test_a_payload_cannot_grow_the_index() -> None:
    assert len(documents_of({f"x{n}Id": n for n in range(1000)})) == MAX_DOCUMENTS

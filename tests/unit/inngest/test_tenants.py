from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.inngest.tenants import MAX_DOCUMENTS, MAX_IDS, MAX_LENGTH, document_ids, documents_of, tenant_of


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


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        ({"statementId": "s1", "tenantId": "t"}, ("s1",)),
        ({"statement_id": 7, "tenant_id": "t"}, ("7",)),
        ({"authorIds": ["a", "b", "a"], "userId": "u", "periodStart": "2026-01"}, ("a", "b")),
        ({"invoice_ids": [1, None, " ", {"id": 2}], "feedID": "f"}, ("1", "f")),
        ({"paid": "x", "grid": "y", "valid": "z", "id": "q"}, ()),
        ({"user_id": "u", "requestId": "r", "sessionId": "s"}, ()),
        ({"documentId": True, "fileId": ""}, ()),
        ({}, ()),
    ],
)
def test_it_finds_document_ids(data: dict[str, Any], ids: tuple[str, ...]) -> None:
    assert document_ids(data) == ids


def test_it_keeps_ids_within_bounds() -> None:
    found = document_ids({"authorIds": ["x" * 1000, *range(500)]})
    assert len(found) == MAX_IDS
    assert len(found[0]) == MAX_LENGTH
    assert tenant_of({"tenantId": "x" * 1000}) == "x" * MAX_LENGTH


@given(
    st.dictionaries(
        st.sampled_from(["tenantId", "tenant_id", "statementId", "_id", "Ids", "x_ids"]) | st.text(),
        st.none() | st.integers() | st.text() | st.lists(st.integers() | st.text()) | st.floats(),
    )
)
def test_no_payload_breaks_it(data: dict[str, Any]) -> None:
    assert tenant_of(data) != ""
    assert "" not in document_ids(data)


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

"""The API does what its own description says: requests made from it by schemathesis."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.serving import blocks, bright_app, save_nifti

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis: make test")

_LEFT_OUT = (("get", "/events"), ("post", "/api/scans"))  # does not end; files: test_fuzz.py


def operations() -> list[Any]:
    """Everything that the description names."""
    described = schemathesis.openapi.from_dict(bright_app().openapi())
    found = [one.ok() for one in described.get_all_operations()]
    return [
        one
        for one in found
        if not any(one.method == way and one.path.endswith(end) for way, end in _LEFT_OUT)
    ]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A server with one scan and one session, and their ids."""
    root = tmp_path_factory.mktemp("schema")
    save_nifti(Path(root) / "blocks.nii.gz", blocks((6, 7, 8)))
    with TestClient(bright_app(root), base_url="http://127.0.0.1") as client:
        scan = client.get("/api/scans").json()["scans"][0]["id"]
        session = client.post("/api/sessions", json={"scan": scan}).json()["id"]
        yield client, {"scan": scan, "session": session}


@pytest.mark.parametrize("operation", operations(), ids=lambda one: f"{one.method} {one.path}")
def test_no_request_breaks_the_server(
    operation: Any, served: tuple[TestClient, dict[str, str]]
) -> None:
    """Nothing is answered with 500, and every refusal has the form that is described."""
    client, known = served

    @settings(
        max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(), real=st.booleans())
    def check(case: Any, real: bool) -> None:
        lasting = not (case.method == "DELETE" and case.path.endswith(("{session}", "{scan}")))
        if real and lasting:
            for name in known.keys() & case.path_parameters.keys():
                case.path_parameters[name] = known[name]
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
        sent.pop("cookies", None)
        answer = client.request(**sent)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert isinstance(answer.json()["detail"], str)

    check()

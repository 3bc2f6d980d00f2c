"""Tests of vesal.on_ray, with a Ray of two processors on this machine."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.curation.sets import content, settings, toy
from vesal import on_ray
from vesal.curation.curate import curate
from vesal.errors import ConfigError, ResourceError

ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One Ray for all tests of this file: it takes seconds to start."""
    on_ray._imported().init(
        address="local", num_gpus=1, include_dashboard=False, log_to_driver=False
    )  # the GPU is a number in Ray's books alone
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_the_result_is_that_of_one_process(tmp_path: Path) -> None:
    """The same rows and the same bytes."""
    raw = toy(tmp_path / "raw", 4)
    one = curate(raw, tmp_path / "one", settings(), workers=0)
    other = curate(raw, tmp_path / "ray", settings(), ray="local")
    assert one.rows == other.rows
    assert content(tmp_path / "one") == content(tmp_path / "ray")
    assert ray.is_initialized()  # it was there before, and is left alone


@pytest.mark.usefixtures("cluster")
def test_a_job_that_dies_is_none_and_an_error_is_raised_here() -> None:
    """As with processes of our own."""

    def job(number: int) -> int:
        if number == 13:
            os._exit(9)
        if number == 7:
            msg = "seven is refused"
            raise ConfigError(msg)
        return 2 * number

    assert dict(on_ray.done_on_ray(job, [1, 13, 3], "local")) == {1: 2, 13: None, 3: 6}
    with pytest.raises(ConfigError, match="seven is refused"):
        list(on_ray.done_on_ray(job, [7], "local"))


@pytest.mark.usefixtures("cluster")
def test_jobs_share_the_gpus_of_the_cluster() -> None:
    """Ray shows each the GPU that it gave it, and no other."""

    def gpu(_: int) -> str:
        return os.environ["CUDA_VISIBLE_DEVICES"]

    assert dict(on_ray.done_on_ray(gpu, [1, 2], "local", gpus=0.5)) == {1: "0", 2: "0"}
    with pytest.raises(ResourceError, match="this Ray has no GPU"):
        list(on_ray.done_on_ray(gpu, [1], "local", gpus=2.0))


def test_nothing_to_do_starts_nothing() -> None:
    """Not even an import."""
    assert list(on_ray.done_on_ray(len, [], "local")) == []


def test_without_the_extra_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ResourceError, match=r"pip install 'vesal\[ray\]'"):
        list(on_ray.done_on_ray(len, ["a"], "local"))


def test_a_cluster_that_does_not_answer_is_told_in_a_sentence() -> None:
    """With the address that was given."""

    class Silent:
        """A Ray that reaches nobody."""

        def init(self, **_: object) -> None:
            """Fail as Ray does."""
            msg = "could not find any running Ray instance"
            raise ConnectionError(msg)

    with pytest.raises(ResourceError, match="Ray at 'auto' cannot be reached"):
        on_ray._start(Silent(), "auto")

"""On Ray: the bytes of one process; what dies there is tried once more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cohort.many import results_in, small_automatic, small_cohort, tiny_scans
from tests.cohort.test_run_many import Deadly, statuses
from vesal import on_ray
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.run import Hands, run
from vesal.cohort.scan_list import read_scans
from vesal.cohort.settings import Settings, load_named

ray = pytest.importorskip("ray")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One Ray for all tests of this file: it takes seconds to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT}")
        on_ray._start(on_ray._imported(), "local")
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_the_results_are_those_of_one_process(tmp_path: Path) -> None:
    """And each process of the cluster loads the model once."""
    scans, model = read_scans(tiny_scans(tmp_path, 8)), str(small_automatic(tmp_path))
    _, identity = load_named(model, without_prompts=True)
    settings = Settings(model=model, identity=identity, automatic=True, threads=1)
    outcomes = {}
    for name, hands in (("one", Hands()), ("ray", Hands(ray="local", attempts=2))):
        (tmp_path / name).mkdir()
        outcomes[name] = run(scans, tmp_path / name, settings, hands=hands)
        assert (outcomes[name].done, outcomes[name].failed) == (8, 0)
    assert results_in(tmp_path / "ray") == results_in(tmp_path / "one")
    assert {entry.loads for entry in outcomes["ray"].entries.values()} == {1}


@pytest.mark.usefixtures("cluster")
def test_a_case_that_takes_its_process_down_twice_is_quarantined(tmp_path: Path) -> None:
    """As with processes of our own."""
    cases = read_cases(small_cohort(tmp_path, 1))
    for name in ("out", "deaths"):
        (tmp_path / name).mkdir()
    for number in range(2):
        (tmp_path / "deaths" / str(number)).touch()
    settings = Settings(model=Deadly(tmp_path / "deaths"), identity="deadly")
    outcome = run(cases, tmp_path / "out", settings, hands=Hands(ray="local", attempts=2))
    assert outcome.quarantined == 1
    assert statuses(tmp_path / "out") == {"scan000": "quarantined"}

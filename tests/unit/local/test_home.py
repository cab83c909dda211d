"""Lakes are built beside the last good one and replace it whole; a second run while one runs is told so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from embedded.engine.errors import EngineError
from local import main_job
from local.home import HomeError, current_lake, locked, new_lake, only_run, remove_old_lakes


def build(home: Path, word: str) -> Path:
    with new_lake(home) as folder:
        (folder / "report.html").write_text(word)
        (folder / "report.json").write_text(word)
    return folder


def test_a_lake_replaces_the_last_one_with_its_page_and_report(tmp_path: Path) -> None:
    first = build(tmp_path, "first")
    assert current_lake(tmp_path) == first
    second = build(tmp_path, "second")
    assert current_lake(tmp_path) == second
    assert (tmp_path / "report.html").read_text() == (tmp_path / "report.json").read_text() == "second"
    assert (first / "report.html").read_text() == "first", "who still reads the old one is not disturbed"
    remove_old_lakes(tmp_path)
    assert list((tmp_path / "lakes").iterdir()) == [second]


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt()])
def test_a_run_that_fails_or_is_interrupted_leaves_the_last_good_lake(tmp_path: Path, error: BaseException) -> None:
    good = build(tmp_path, "good")
    with pytest.raises(type(error)), new_lake(tmp_path) as folder:
        (folder / "report.html").write_text("half")
        raise error
    assert current_lake(tmp_path) == good
    assert (tmp_path / "report.html").read_text() == "good"
    third = build(tmp_path, "third")
    assert list((tmp_path / "lakes").iterdir()).count(folder) == 0, "the next run removes what was left"
    assert current_lake(tmp_path) == third


def test_a_lake_that_an_earlier_version_left_in_place_is_replaced_too(tmp_path: Path) -> None:
    (tmp_path / "lake" / "state").mkdir(parents=True)
    (tmp_path / "report.html").write_text("old")
    folder = build(tmp_path, "new")
    assert current_lake(tmp_path) == folder
    assert (tmp_path / "report.html").read_text() == "new"


def test_no_lake_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="run `make run` first"):
        current_lake(tmp_path)


def test_a_second_run_is_refused_with_the_firsts_process_and_goes_through_after_it(tmp_path: Path) -> None:
    refused = pytest.raises(HomeError, match=f"another run .process {os.getpid()}. has")
    with only_run(tmp_path), refused, only_run(tmp_path):
        pass
    with only_run(tmp_path):
        pass


def test_a_lock_is_waited_for_and_no_longer_than_said(tmp_path: Path) -> None:
    with locked(tmp_path / "x" / "lock", 0) as have:
        assert have
        with locked(tmp_path / "x" / "lock", 0.1) as second:
            assert not second
    with locked(tmp_path / "x" / "lock", 0) as again:
        assert again


@pytest.mark.parametrize(("whole", "told"), [(True, []), (False, ["preparing", "start slowly: disk full"])])
def test_a_start_cache_is_made_where_it_is_not_whole_and_a_run_goes_on_without_it(
    whole: bool, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare() -> bool:
        raise EngineError("disk full")

    monkeypatch.setattr(main_job.start_cache, "is_whole", lambda cache: whole)
    monkeypatch.setattr(main_job, "prepare", prepare)
    steps: list[str] = []
    main_job.prepare_engine(steps.append)
    assert [word in step for word, step in zip(told, steps, strict=True)] == [True] * len(told)

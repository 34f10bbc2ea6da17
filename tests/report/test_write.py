import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.report.crafted import Maker, Told, several
from tests.report.page import charts, finals
from tests.report.page import checked as _checked

from cellwright.errors import RunError
from cellwright.report import write_report
from cellwright.report.findings import gather
from cellwright.report.trial_charts import front_chart, trajectory_chart
from cellwright.space import Space
from cellwright.trial import Fidelity, Status


def test_the_page_needs_nothing_but_itself(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 40))
    checked, page = _checked(write_report(run, tmp_path / "new" / "folders" / "report.html"))
    assert [load for load in checked.loads if not load.startswith("#")] == []
    assert not {"link", "img", "iframe", "object"} & set(checked.tags)
    assert "@import" not in page
    assert "url(" not in page
    assert len(charts(page)) == 3 + 8
    assert "<svg" in page
    assert [path.name for path in (tmp_path / "new" / "folders").iterdir()] == ["report.html"]


def test_the_same_run_gives_the_same_bytes(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 12, notes={"agent": 1}))
    first = write_report(run, tmp_path / "a.html").read_bytes()
    assert write_report(run, tmp_path / "b.html").read_bytes() == first


def test_before_post_training_the_headline_is_the_validation_score(
    crafted: Maker, space: Space, tmp_path: Path
) -> None:
    told = several(space, 3, score=0.7)
    told[1].score = 0.9
    checked, _ = _checked(write_report(crafted(told), tmp_path / "r.html"))
    assert re.search(r"A network with [\d,]+ parameters \(.+\) reaches validation accuracy 0\.900", checked.text)
    assert "cellwright posttrain" in checked.text
    assert "trial 1, 1,000 parameters" in checked.text


def test_after_post_training_it_is_the_test_score_beside_the_hand_designed_network(
    crafted: Maker, space: Space, tmp_path: Path
) -> None:
    run = crafted(several(space, 5))
    (run.folder / "posttrain.json").write_text(json.dumps(finals()))
    checked, page = _checked(write_report(run, tmp_path / "r.html"))
    text = checked.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "(1/6 of the hand-designed network's) reaches test accuracy 0.962 ± 0.004" in text
    assert "; the hand-designed network reaches 0.943 ± 0.006" in text
    assert "<strong>0.962" in page
    assert "<strong>0.50 s</strong>" in page  # the fastest network; a linear model is none
    assert "6.3\N{MULTIPLICATION SIGN} fewer" in text
    assert "12\N{MULTIPLICATION SIGN} faster" in text
    assert "slow <b>one</b>" in text
    assert "Drawing of the network of trial 3" in page


def test_a_baseline_that_is_better_is_in_the_headline(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 5))
    whole = finals()
    for row in whole["rows"]:
        if row["kind"] == "linear":
            row["scores"]["accuracy"] = {"mean": 0.971}
    (run.folder / "posttrain.json").write_text(json.dumps(whole))
    checked, _ = _checked(write_report(run, tmp_path / "r.html"))
    assert "a baseline is better: linear, 0.971" in checked.text


@pytest.mark.parametrize(
    "changes", [{"rows": []}, {"metrics": []}, {"metric": "loss"}, {"rows": [{"name": "x", "kind": "ensemble"}]}]
)
def test_a_final_table_may_lack_anything(crafted: Maker, space: Space, tmp_path: Path, changes: dict[str, Any]) -> None:
    run = crafted(several(space, 2))
    (run.folder / "posttrain.json").write_text(json.dumps(finals(**changes)))
    checked, _ = _checked(write_report(run, tmp_path / "r.html"))
    assert "Final comparison" in checked.text


def test_other_splits_stand_side_by_side(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 2))
    rows = [
        {
            "name": name,
            "kind": kind,
            "scores": {"accuracy": {"mean": 0.9}},
            "splits": {
                "row": {"scores": {"accuracy": {"mean": 0.9}}},
                "cell": {"scores": {"accuracy": {"mean": score}}},
            },
        }
        for name, kind, score in (("one", "found", 0.625), ("two", "manual", 0.5))
    ]
    (run.folder / "posttrain.json").write_text(json.dumps(finals(rows=rows, splits=["row", "cell"])))
    checked, page = _checked(write_report(run, tmp_path / "r.html"))
    assert "accuracy by cell" in checked.text
    assert "<strong>0.625</strong>" in page
    assert "Judge by the split by row, which the search used. Under the split by cell some test rows" in checked.text


def test_of_errors_the_lowest_is_bold(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 2))
    rows = [
        {"name": name, "kind": "found", "scores": {"accuracy": {"mean": 0.5}, "log_loss": {"mean": loss}}}
        for name, loss in (("one", 0.75), ("two", 0.25))
    ]
    (run.folder / "posttrain.json").write_text(json.dumps(finals(metrics=["log_loss"], rows=rows)))
    _, page = _checked(write_report(run, tmp_path / "r.html"))
    assert "<strong>0.250</strong>" in page
    assert "<strong>0.750</strong>" not in page


@pytest.mark.parametrize("damaged", ["{", "[]", '{"metric": "r2"}', json.dumps({**finals(), "rows": [{"name": 3}]})])
def test_a_damaged_final_table_is_named(crafted: Maker, space: Space, tmp_path: Path, damaged: str) -> None:
    run = crafted(several(space, 2))
    (run.folder / "posttrain.json").write_text(damaged)
    with pytest.raises(RunError, match=r"posttrain\.json' is damaged: .*cellwright posttrain"):
        write_report(run, tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_a_final_table_that_is_a_folder_is_an_error(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 2))
    (run.folder / "posttrain.json").mkdir()
    with pytest.raises(RunError, match=r"cannot read .*posttrain\.json"):
        write_report(run, tmp_path / "r.html")


def test_error_messages_cannot_become_markup(crafted: Maker, space: Space, tmp_path: Path) -> None:
    evil = '</pre></script><script>alert(1)</script> & "quoted" \x1b[31mred\x00 \udc80 é'
    told = several(space, 3, status=Status.FAILED, score=None, error=evil)
    run = crafted(told, problem="<i>", device='"><img src=x>')
    checked, page = _checked(write_report(run, tmp_path / "r.html"))
    assert "alert(1)" in checked.text
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert not {"img", "i"} & set(checked.tags)
    assert "é" in checked.text


def test_a_run_without_trials_is_reported(crafted: Maker, tmp_path: Path) -> None:
    checked, page = _checked(write_report(crafted([], finished=False), tmp_path / "r.html"))
    assert "No trial has ended yet" in checked.text
    assert "The run is unfinished" in checked.text
    assert not charts(page)


def test_a_run_of_failures_only_is_reported(crafted: Maker, space: Space, tmp_path: Path) -> None:
    told = several(space, 2, status=Status.DIVERGED, score=None, error="loss is nan")
    told += several(space, 1, status=Status.REJECTED, score=None, worker=None, parameters=9999, error="too large")
    checked, page = _checked(write_report(crafted(told), tmp_path / "r.html"))
    assert "2 trials failed, 1 network over a limit; no network has succeeded yet" in checked.text
    assert "loss is nan" in checked.text
    assert "too large" in checked.text
    assert [*charts(page)] == ["chart-busy"]


@pytest.mark.parametrize("notes", [{}, {"agent": 0}, {"agent": "none"}])
def test_a_run_of_one_trial_is_reported(crafted: Maker, space: Space, tmp_path: Path, notes: dict[str, Any]) -> None:
    checked, _ = _checked(write_report(crafted(several(space, 1, notes=notes)), tmp_path / "r.html"))
    assert "1 network trained by 2 workers" in checked.text
    assert "too few trials for a share" in checked.text


def test_trials_without_parameters_or_time_are_no_obstacle(crafted: Maker, space: Space, tmp_path: Path) -> None:
    told = several(space, 3, parameters=None, started=0.0, finished=0.0, worker=None)
    checked, _ = _checked(write_report(crafted(told, max_parameters=None), tmp_path / "r.html"))
    assert "No trial has run yet" in checked.text


def test_outliers_are_counted_and_leave_the_scale(crafted: Maker, space: Space, tmp_path: Path) -> None:
    told = several(space, 30)
    told[4].score, told[9].score = -1e6, -5e5
    checked, page = _checked(write_report(crafted(told), tmp_path / "r.html"))
    assert "2 scores below" in checked.text
    assert "triangle-down" in page
    ranges = [json.loads(found) for found in re.findall(r'"yaxis":\{"range":(\[[^]]+\])', page)]
    ranges += [json.loads(found) for found in re.findall(r'"range":(\[-?[\d.e-]+,-?[\d.e-]+\])', page)]
    assert min(low for low, _ in ranges) > -10


def test_a_lucky_try_and_networks_trained_for_less_lead_no_picture(
    crafted: Maker, space: Space, tmp_path: Path
) -> None:
    """Network "a" was lucky the second time; the best score of all is one after half the epochs."""
    rng = np.random.default_rng(0)
    values = [space.sample(rng).values for _ in range(6)]
    full, half = Fidelity(2, 0.5), Fidelity(2, 0.5, stop=1.0)
    told = [
        Told(values[0], 0.70, key="a", fidelity=full, parameters=2000),
        Told(values[1], 0.75, key="b", fidelity=full, parameters=1000),
        Told(values[0], 0.90, key="a", fidelity=replace(full, replicate=1), parameters=2000),
        *(Told(values[place], 0.1 * place + 0.49, fidelity=half) for place in (2, 3, 4, 5)),
    ]
    run = crafted(told)
    findings = gather(run)
    assert [(trial.key, trial.score) for trial in findings.judged] == [("a", 0.8), ("b", 0.75)]
    assert [trial.passes for trial in findings.series] == [half.stop] * 4
    front = next(trace for trace in front_chart(findings).data if "Pareto" in trace.name)
    assert list(zip(front.x, front.y, strict=True)) == [(1000, 0.75), (2000, 0.8)]
    trajectory = {trace.name: trace for trace in trajectory_chart(findings).data}
    assert list(trajectory["best so far (single trials)"].y) == [0.70, 0.75, 0.90, 0.90]
    assert len(trajectory["trained for fewer epochs"].y) == 4
    text = _checked(write_report(run, tmp_path / "r.html"))[1]
    assert "best single trial: validation accuracy 0.900" in text
    assert "mean of the first networks 0.840" in text


def test_what_was_cross_validated_is_called_so(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 3), fidelity=Fidelity(2, 0.5, folds=5))
    text = _checked(write_report(run, tmp_path / "r.html"))[0].text
    assert "best cross-validated accuracy" in text
    assert "validation accuracy" not in text


@pytest.mark.parametrize("refit", [True, False])
def test_the_page_says_from_which_rows_final_weights_were_learnt(
    crafted: Maker, space: Space, tmp_path: Path, refit: bool
) -> None:
    run = crafted(several(space, 3))
    (run.folder / "posttrain.json").write_text(json.dumps(finals(refit=refit)))
    text = _checked(write_report(run, tmp_path / "r.html"))[0].text
    assert ("Each model was then refitted to the training and validation rows together" in text) == refit


def test_agents_are_told_apart_by_colour_and_many_are_not(crafted: Maker, space: Space, tmp_path: Path) -> None:
    few, many = several(space, 30), several(space, 30)
    for number in range(30):
        few[number].notes, many[number].notes = {"agent": number % 3}, {"agent": number}
    _, page = _checked(write_report(crafted(few, name="few"), tmp_path / "few.html"))
    assert '"name":"agent 2"' in page
    _, page = _checked(write_report(crafted(many, name="many"), tmp_path / "many.html"))
    assert '"name":"agent' not in page


def test_a_resumption_with_more_workers_does_not_use_more_than_all(
    crafted: Maker, space: Space, tmp_path: Path
) -> None:
    told = [one for worker in range(4) for one in several(space, 3, worker=worker)]
    checked, _ = _checked(write_report(crafted(told, workers=2), tmp_path / "r.html"))
    assert "busy 100% of the time on average, of 4 workers" in checked.text


def test_twenty_thousand_trials_stay_a_small_page(crafted: Maker, space: Space, tmp_path: Path) -> None:
    told = several(space, 20_000, parameters=500)
    told[12_345].score, told[12_345].parameters = 0.999, 77
    checked, page = _checked(write_report(crafted(told), tmp_path / "r.html"))
    assert len(page) < 1_600_000
    assert "5,000 of 20,000 dots are drawn" in checked.text
    assert "trial 12345" in page


@pytest.mark.parametrize("place", ["file/report.html", "folder"])
def test_a_place_that_cannot_be_written_is_an_error(crafted: Maker, space: Space, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="cannot write the report"):
        write_report(crafted(several(space, 1)), tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "run"]


def test_the_request_and_the_commands_are_there(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 1), options={"agents": 3})
    text = _checked(write_report(run, tmp_path / "r.html"))[0].text
    for fact in (
        f"run = cellwright.Run('{run.folder}')",
        "method='random',",
        "options={'agents': 3},",
        "fraction=0.5,",
        "max_parameters=5000",
        f"out='{run.folder}-again'",
        f"cellwright posttrain {run.folder}",
        "option agents",
        "6,274 parameters",
        "343 training, 113 validation, 113 test",
        "torch",
        space.fingerprint,
    ):
        assert fact in text


def test_the_command_that_asked_for_a_run_is_told_as_it_was(crafted: Maker, space: Space, tmp_path: Path) -> None:
    words = ("search", "tumor", "--json", "--max-parameters", "none", "--out", "a b", "--seed", "7", "--out=c")
    run = crafted(several(space, 1), command=words)
    text = _checked(write_report(run, tmp_path / "r.html"))[0].text
    assert f"cellwright search tumor --max-parameters none --seed 7 --out {run.folder}-again" in text
    assert "cellwright.search(" not in text


def test_data_that_is_gone_is_no_obstacle(crafted: Maker, space: Space, tmp_path: Path) -> None:
    run = crafted(several(space, 1))
    for path in (run.folder / "problem").rglob("*"):
        if path.is_file() and path.name != "problem.json":
            path.unlink()
    text = _checked(write_report(run, tmp_path / "r.html"))[0].text
    assert "569" in text


def test_what_a_real_search_wrote_is_reported(problem: Any, tmp_path: Path) -> None:
    import cellwright as cw

    run = cw.search(problem, method="random", evaluations=3, out=tmp_path / "run", max_parameters=None)
    checked, _ = _checked(run.report())
    assert (tmp_path / "run" / "report.html").exists()
    assert "3 networks trained by 2 workers" in checked.text

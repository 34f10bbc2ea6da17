"""`cellwright search`: the one command that makes a run."""

from collections.abc import Sequence
from dataclasses import replace
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwright.cli.driving import finish, interrupted, one_thread
from cellwright.cli.options import Evaluations, Json, Minutes, named, number, number_or_none, positive, whole
from cellwright.cli.plan import plan
from cellwright.cli.progress import Tally, watched, working
from cellwright.cli.terminal import grid, show
from cellwright.errors import UsageError

if TYPE_CHECKING:
    from cellwright.data.splits import Division
    from cellwright.space import Space
    from cellwright.train import Recipe

__all__ = ["search"]

_WHAT = "What is searched"
_HOW = "How a network is trained"
_WHERE = "Where it runs"
_WORKERS = 2


def search(
    context: typer.Context,
    problem: Annotated[
        str, typer.Argument(metavar="PROBLEM", help="Built-in problem (see cellwright problems).", show_default=False)
    ],
    *,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Search space (default: the problem's first).",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Target to predict; in your own tables, the name of its column.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The score that the search maximises: r2 or pearson; accuracy, balanced_accuracy or auc.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="BY",
            help="How to divide the rows: by row, pair, cell, drug, a column of your tables, or given (test rows that "
            "the data names). All rows of one cell line, say, go to one side. auto: given, else --group, else row.",
            rich_help_panel=_WHAT,
        ),
    ] = "auto",
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="Number of cross-validation folds; --fold says which one to test on.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    fold: Annotated[
        int, typer.Option(min=1, metavar="K", help="Which fold to test on (1 to N).", rich_help_panel=_WHAT)
    ] = 1,
    split_seed: Annotated[
        int,
        typer.Option(min=0, metavar="K", help="Random seed for the split alone.", rich_help_panel=_WHAT),
    ] = 0,
    method: Annotated[
        str,
        typer.Option(
            help="Search method: auto, evolution, surrogate, local, ppo, agebo, a3c, a2c, random; tpe, gp, nsga2, "
            "cmaes (extra hpo).",
            metavar="NAME",
            rich_help_panel=_WHAT,
        ),
    ] = "auto",
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Option of the search method, such as population=20 (listed in docs/method); repeatable.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    max_parameters: Annotated[
        str,
        typer.Option(
            metavar="P|auto|none",
            help="Skip networks with more parameters; auto: a twentieth of the hand-designed network's.",
            rich_help_panel=_WHAT,
        ),
    ] = "auto",
    at_most: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Limit on flops per row, microseconds per predicted row or seconds of training, such as "
            "microseconds=20; networks above it do not count. Repeatable.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Objectives to trade off: the score first, then -parameters, -flops, -seconds or -microseconds, as in "
            "--objective r2 --objective -parameters (default: the score alone). Repeatable.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(min=0, metavar="K", rich_help_panel=_WHAT, help="Random seed for everything except the split."),
    ] = 0,
    evaluations: Evaluations = None,
    minutes: Minutes = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="E",
            help="Epochs of training (default: 1 to 20, for about 300,000 rows in all).",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    fraction: Annotated[
        float, typer.Option(metavar="F", help="Share of the training rows to train on, up to 1.", rich_help_panel=_HOW)
    ] = 1.0,
    seconds: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            metavar="S",
            help="Stop the training of a network after S seconds, and score it as it is.",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    inner_folds: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Score networks by N-fold cross-validation within the training and validation rows (default: 5 "
            "below 2,000 rows, else 1).",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Train each leading network N times more, with other seeds, and rank by the mean (default: 2 with "
            "inner folds, else 1).",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    halving: Annotated[
        str | None,
        typer.Option(
            metavar="asha|hyperband",
            help="Successive halving: train all networks a little, the best third of them three times as long, and so "
            "on.",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            metavar="R",
            help="Learning rate of every network (default: the search decides, else 0.001).",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="Batch size of every network (default: the search decides, else 32 to 1,024).",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Optimizer of every network: adam, adamw, nadam, sgd, ... (default: the search decides, else adam).",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Number of networks to train at once (default: 2).",
            show_default=False,
            rich_help_panel=_WHERE,
        ),
    ] = None,
    executor: Annotated[
        str | None,
        typer.Option(
            metavar="local:N",
            help="Where workers run, in place of --workers.",
            show_default=False,
            rich_help_panel=_WHERE,
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="NAME", help="Device to train on: auto, cpu, cuda or cuda:N.", rich_help_panel=_WHERE)
    ] = "auto",
    timeout: Annotated[
        str,
        typer.Option(metavar="S|none", help="Kill a trial after S seconds.", rich_help_panel=_WHERE),
    ] = "600",
    memory: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            metavar="GIB",
            help="Memory that a worker may use, in GiB.",
            show_default=False,
            rich_help_panel=_WHERE,
        ),
    ] = None,
    retries: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="How often to retry a trial whose worker died.", rich_help_panel=_WHERE),
    ] = 1,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of your own tables, or one file.", show_default=False, rich_help_panel=_WHAT
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=NAME",
            help="Role of a column of your tables: cell, drug, drug_1, drug_2, dose, value, smiles or label (default: "
            "guessed), or exclude. Repeatable.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column whose equal values (a patient, plate or study) stay on one side of the split; it is never a "
            "feature.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN|FILE",
            help="Column that says which rows are test rows, or a file that lists their samples.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    drop_missing_targets: Annotated[
        bool,
        typer.Option("--drop-missing-targets", help="Drop rows without a target.", rich_help_panel=_WHAT),
    ] = False,
    min_class: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="Drop classes of fewer than N rows.", rich_help_panel=_WHAT),
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Run folder (default: a new one under runs/).",
            show_default=False,
            rich_help_panel=_WHERE,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Search for networks; when it ends, the best are in the run folder."""
    from cellwright import api, problems
    from cellwright.limits import Limits
    from cellwright.methods.catalogue import METHODS
    from cellwright.methods.objectives import check_objectives
    from cellwright.train import check_device
    from cellwright.trial import Fidelity

    problems.built_in(problem)  # bad usage shows before anything slow
    if method not in METHODS:
        raise UsageError(f"there is no method {method!r}; known: {', '.join(METHODS)}")
    options = _options(option or [])
    workers = _workers(workers, executor)
    Fidelity(epochs or 1, fraction, seconds)
    if evaluations is None and minutes is None:
        evaluations = api.EVALUATIONS
    size = None if max_parameters in ("auto", "none") else whole("--max-parameters", max_parameters)
    allowed = number_or_none("--timeout", timeout)
    form = "NAME=NUMBER, as in --at-most microseconds=20"
    most = {name: number(f"--at-most {name}", text) for name, text in named("--at-most", at_most or [], form).items()}
    Limits(at_most=most)
    form = "ROLE=NAME, as in --column value=growth"
    excluded = [text.partition("=")[2] for text in column or [] if text.startswith("exclude=")]
    roles = named("--column", [text for text in column or [] if not text.startswith("exclude=")], form)
    columns: dict[str, str | Sequence[str]] = {**roles, **({"exclude": excluded} if excluded else {})}
    division = _division(split, split_seed, folds, fold)
    with working(f"preparing {problem}"):
        what = problems.load(
            problem,
            target=target,
            split=division,
            data=data,
            columns=columns,
            group=group,
            test=test,
            drop_missing_targets=drop_missing_targets,
            min_class=min_class,
            metric=metric,
        )
        where = problems.space(what, space)
        if max_parameters == "auto":
            size = api.usual_limit(what, where)
        limits = Limits(evaluations, minutes, size, at_most=most)
        if objective:
            check_objectives(objective, what.metric)
        one_thread()
        recipe, where = _fixed(where, optimizer=optimizer, learning_rate=learning_rate, batch_size=batch_size)
        api.check_method(method, where, options, objectives=objective or (), halving=halving, at_most=most)
        check_device(device)
    folder = out or api.new_folder(what.name, method)
    if not json:
        parts = inner_folds or api.usual_folds(what)
        show(grid(plan(what, where, limits, folder, f"{method}, seed {seed}", parts)), "")
    tally = Tally("trial", what.metric, workers, evaluations, minutes)
    try:
        with watched(tally, lines=not json) as observe:
            run = api.search(
                what,
                space=where,
                method=method,
                options=options,
                workers=workers,
                evaluations=evaluations,
                minutes=minutes,
                epochs=epochs,
                fraction=fraction,
                seconds=seconds,
                inner_folds=inner_folds,
                replicates=replicates,
                halving=halving,
                max_parameters=size,
                at_most=most,
                objectives=objective or (),
                seed=seed,
                out=folder,
                recipe=recipe,
                timeout=allowed,
                memory_gib=memory,
                retries=retries,
                device=device,
                command=context.obj or (),
                observe=observe,
            )
    except KeyboardInterrupt:
        interrupted(folder, json=json)
    finish(run.summary(), what, folder, json=json)


def _division(by: str, seed: int, folds: int | None, fold: int) -> "Division":
    from cellwright.data.splits import Division

    if folds is None and fold != 1:
        raise UsageError("--fold says whose turn it is: give --folds too")
    return Division(by, seed, folds=folds, fold=fold - 1)


def _options(texts: list[str]) -> dict[str, Any]:
    """Return what texts of the form NAME=VALUE say, whose values are numbers, true or false."""
    options = {}
    for name, text in named("--option", texts, "NAME=VALUE, as in --option population=20").items():
        try:
            options[name] = loads(text)
        except ValueError:
            raise UsageError(f"--option {name}=VALUE takes a number, true or false, not {text!r}") from None
    return options


def _workers(workers: int | None, executor: str | None) -> int:
    from cellwright.executors import connect

    if executor is None:
        return workers or _WORKERS
    if workers is not None:
        raise UsageError("--executor says how many workers there are; give it or --workers")
    pool, number = connect(executor)
    pool.shutdown()
    return number


def _fixed(space: "Space", **given: str | float | None) -> "tuple[Recipe, Space]":
    """Return the recipe with what was given, and the space without the decisions that this takes away."""
    from cellwright.train import Recipe

    fixed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return Recipe(**fixed), replace(space, settings=tuple(one for one in space.settings if one.name not in fixed))

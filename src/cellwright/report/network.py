"""The section with the best network."""

from cellwright.report.findings import Findings
from cellwright.report.markup import NO_SUCCESS, definitions, escape, missing, section, table
from cellwright.report.words import (
    count,
    score,
    shape_in_words,
)
from cellwright.space import Architecture, Input
from cellwright.space.draw import architecture_svg, in_words
from cellwright.trial import Trial

__all__ = ["architecture_section"]


def architecture_section(findings: Findings) -> str:
    how = (
        "Data flows from the inputs at the top to the prediction at the bottom. Each box is a layer with its output "
        "width and its trainable parameters."
    )
    if findings.chosen is None:
        return section("network", "The best network", how, missing(NO_SUCCESS))
    trial, architecture = findings.chosen
    facts = definitions(
        [
            ("trial", trial.number),
            (f"{findings.validated} in the search", score(trial.score)),
            ("parameters", count(architecture.parameters)),
            ("FLOPs per row", count(architecture.flops)),
            *((name, in_words(value)) for name, value in architecture.settings),
            ("key", trial.key),
        ]
    )
    if not architecture.vertices:
        return section("network", "The best settings", "The settings of the best trial.", facts)
    drawing = (
        f'<div class="drawing" role="img" aria-label="{escape(_said(trial, architecture))}">'
        f"{architecture_svg(architecture)}</div>"
    )
    return section(
        "network",
        "The best network",
        how,
        f'<div class="network">{drawing}<div>{facts}{_layers(architecture)}</div></div>',
    )


def _said(trial: Trial, architecture: Architecture) -> str:
    steps = ", ".join(in_words(vertex.operation) for vertex in architecture.vertices)
    return f"Drawing of the network of trial {trial.number}: {steps}."


def _layers(architecture: Architecture) -> str:
    rows = []
    one = 0
    first: dict[int, int] = {}
    for number, vertex in enumerate(architecture.vertices):
        owner = first.setdefault(vertex.module, number) if vertex.module >= 0 else number
        parameters = ""
        if not isinstance(vertex.operation, Input):
            cost = vertex.operation.cost(tuple(architecture.vertices[source].shape for source in vertex.sources))
            one += cost.parameters if owner == number else 0
            parameters = (
                f"shared with {owner}" if owner != number else count(cost.parameters) if cost.parameters else ""
            )
        shape = shape_in_words(vertex.shape)
        reads = ", ".join(map(str, vertex.sources))
        rows.append([str(number), escape(in_words(vertex.operation)), reads, shape, parameters])
    if architecture.members > 1:
        rows.append(["", "one ensemble member", "", "", count(one)])
    each = f" ({architecture.members} ensemble members)" if architecture.members > 1 else ""
    rows.append(["", f"<strong>total{each}</strong>", "", "", f"<strong>{count(architecture.parameters)}</strong>"])
    columns = (("", True), ("layer", False), ("reads", True), ("width", True), ("parameters", True))
    return table(columns, rows, caption="Layers of the best network")

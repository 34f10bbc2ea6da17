import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cellwright.seeds import Use, rng_for
from cellwright.space import (
    Add,
    Architecture,
    Choice,
    Connect,
    Conv1D,
    Cost,
    Dense,
    Dropout,
    Embedding,
    Float,
    Identity,
    Input,
    Integer,
    Mirror,
    Node,
    Operation,
    Shape,
    Sketch,
    Space,
    When,
)
from cellwright.space.draw import (
    architecture_dot,
    architecture_svg,
    architecture_text,
    in_words,
    space_dot,
    space_svg,
    space_text,
)
from cellwright.space.layout import lay_out
from cellwright.testing.strategies import spaces

SVG = "{http://www.w3.org/2000/svg}"


def small() -> Space:
    sketch = Sketch()
    line, drug, other = sketch.input("cell line", 942), sketch.input("drug", 3820), sketch.input("drug 2", 3820)
    tower = sketch.chain("tower", drug, (Identity(), Dense(100, "relu"), Dropout(0.1)), 2)
    mirror = sketch.mirror("mirror", other, tower)
    skip = sketch.skip("skip", [[], [line], [line, drug]])
    joined = sketch.concatenate("joined", tower, mirror, skip)
    deep = sketch.node("deep", joined, (Dense(50), Dense(5)), when=When("tower.1", (Dense(100, "relu"),)))
    tuned = (Choice("optimiser", ("adam", "sgd")), Integer("batch", 16, 1024, log=True))
    clause = (When("skip", (Connect(),)), When("optimiser", ("sgd",)))
    return sketch.space("small", deep, settings=tuned, forbidden=[clause])


def drawn(values: tuple[int, ...] = (1, 2, 2, 0, 0, 32)) -> Architecture:
    space = small()
    return space.architecture(space.point(values))


ARCHITECTURE = """\
   operation       reads       shape  parameters
0  drug                        3,820
1  Dense 100 relu  0             100     382,100  shared A
2  Dropout 0.1     1             100
3  drug 2                      3,820
4  Dense 100 relu  3             100    as above  shared A
5  Dropout 0.1     4             100
6  cell line                     942
7  Concatenate     2, 5, 6, 0  4,962
8  Dense 50        7              50     248,150
9  Dense 1         8               1          51

630,301 parameters, 2,024,551 FLOPs a row
settings: batch 32, optimiser adam
key KEY
"""

SPACE = """\
small: 6 decisions, 60,540 points

inputs
  cell line  942
  drug       3,820
  drug 2     3,820

vertices
  tower.1   drug -> 3 options: Identity; Dense 100 relu; Dropout 0.1
  tower.2   tower.1 -> 3 options as tower.1
  mirror.1  drug 2 -> mirror of tower.1
  mirror.2  mirror.1 -> mirror of tower.2
  skip      3 options: nothing; cell line; cell line + drug
  joined    tower.2, mirror.2, skip -> Concatenate
  deep      joined -> 2 options: Dense 50; Dense 5
  flatten   deep -> Flatten
  output    flatten -> Dense 1

settings
  optimiser  2 options: adam; sgd
  batch      16 to 1,024, log

conditions
  deep  only if tower.1 is Dense 100 relu

forbidden
  skip is nothing and optimiser is sgd
"""


def test_an_architecture_as_text() -> None:
    architecture = drawn()
    assert architecture_text(architecture) == ARCHITECTURE.replace("KEY", architecture.key)


def test_the_layers_of_an_ensemble_are_those_of_one_member_and_the_totals_say_so() -> None:
    one = drawn()
    two = Architecture(one.vertices, (*one.settings, ("members", 2)))
    text = architecture_text(two)
    assert "1,260,602 parameters (2 ensemble members of 630,301)" in text
    assert "382,100" in text


def test_names_are_those_of_the_field() -> None:
    assert in_words(Embedding(32, 0.1)) == "Embedding 32 initial sd 0.1"
    assert in_words(Input("id:cell", (60,))) == "cell line identity (one-hot)"
    assert in_words(Input("id:drug_1", (60,))) == "drug_1 identity (one-hot)"


def test_a_space_as_text() -> None:
    assert space_text(small()) == SPACE


def test_sizes_that_are_no_number_are_said_in_words() -> None:
    assert "infinitely many points" in space_text(Space("s", (), (Float("rate", 1e-5, 0.1, log=True),)))
    many = tuple(Choice(f"c{n}", tuple(range(20))) for n in range(5))
    clause = tuple(When(choice.name, (0,)) for choice in many)
    assert "points not counted" in space_text(Space("s", (), many, (clause,)))


def test_long_lists_of_options_lose_their_middle() -> None:
    text = space_text(Space("s", (), (Choice("seed", tuple(range(5000))),)))
    assert "5,000 options: 0; 1; 2;" in text
    assert "... 4,977 more ...; 4999" in text
    assert max(map(len, text.splitlines())) <= 110


@dataclass(frozen=True, slots=True)
class Shout(Operation):
    """An operation from outside, with a name that needs escaping."""

    word: str
    times: int = 1

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        return Cost(inputs[0])

    def module(self, inputs: tuple[Shape, ...]) -> nn.Module:
        raise NotImplementedError


NASTY = 'a <b> & "c" \\n d'


def nasty() -> Space:
    return Space(NASTY, (Input(NASTY, (3,)), Node("n", (NASTY,), Shout('<&">', 3)), Node("e", ("n",), Dense(1))))


def test_names_are_escaped_everywhere() -> None:
    space = nasty()
    architecture = space.architecture(space.point(()))
    for picture in (space_svg(space), architecture_svg(architecture)):
        texts = ["".join(node.itertext()) for node in ET.fromstring(picture).iter(f"{SVG}text")]
        assert NASTY in texts
    assert 'Shout <&"> times 3' in texts
    for source in (space_dot(space), architecture_dot(architecture)):
        assert r'label="a <b> &amp; \"c\" \\n d\n3"' in source
    assert 'Shout <&"> times 3' in architecture_text(architecture)


def test_shared_modules_are_marked() -> None:
    picture = architecture_svg(drawn())
    assert picture.count("<circle") == 2
    assert picture.count("weights of A") == 1
    assert "boxes with the same letter share their weights" in picture
    assert architecture_dot(drawn()).count("[A]") == 2
    assert space_svg(small()).count("<circle") == 4
    assert "<circle" not in architecture_svg(drawn((0, 0, 0, 0, 0, 32)))


def test_connections_that_may_be_missing_are_dashed() -> None:
    assert space_dot(small()).count("style=dashed") == 2
    assert 'stroke-dasharray="4 3"' in space_svg(small())
    assert "stroke-dasharray" not in architecture_svg(drawn())


def test_a_source_that_is_read_twice_is_said_so() -> None:
    space = Space("s", (Input("x", (3,)), Node("sum", ("x", "x"), Add())))
    assert "2 times the same" in architecture_svg(space.architecture(space.point(())))


def test_operations_in_words() -> None:
    nodes = (Input("s", (1, 50)), Node("c", ("s",), Conv1D(8, 3, padding="valid", activation="relu")))
    space = Space("s", nodes)
    assert "Conv1D 8 kernel 3 valid relu" in architecture_text(space.architecture(space.point(())))


def test_settings_alone_are_drawn_as_words() -> None:
    space = Space("tune", (), (Choice("optimiser", ("adam", "sgd")),))
    architecture = space.architecture(space.point((1,)))
    assert "no network, settings only" in architecture_text(architecture)
    assert "settings: optimiser sgd" in architecture_svg(architecture)
    assert "optimiser: 2 options" in space_svg(space)
    assert "digraph" in space_dot(space)


def test_more_than_26_shared_modules_have_names_too() -> None:
    towers = [Node(f"n{i}", ("x",), Dense(i + 1)) for i in range(30)]
    mirrors = [Mirror(f"m{i}", ("x",), f"n{i}") for i in range(30)]
    both = Node("sum", tuple(f"{letter}{i}" for letter in "nm" for i in range(30)), Add())
    space = Space("s", (Input("x", (3,)), *towers, *mirrors, both))
    assert "shared D1" in architecture_text(space.architecture(space.point(())))


@settings(deadline=None, max_examples=40)
@given(spaces())
def test_every_space_can_be_drawn(space: Space) -> None:
    architecture = space.architecture(space.sample(rng_for(0, Use.SAMPLE)))
    for picture in (space_svg(space), architecture_svg(architecture)):
        root = ET.fromstring(picture)
        assert root.attrib["viewBox"].startswith("0 0 ")
        assert not re.search(r"\bnan\b|\binf\b", picture)
    assert space_text(space).startswith("random: ")
    assert architecture_text(architecture).endswith(f"key {architecture.key}\n")
    assert len(re.findall(r"^  v\d+ \[", space_dot(space), re.MULTILINE)) == len(space.vertices)
    assert len(re.findall(r"^  v\d+ \[", architecture_dot(architecture), re.MULTILINE)) == len(architecture.vertices)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_boxes_never_overlap_and_lines_go_down(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 25))
    sizes = [(data.draw(st.floats(20, 200)), data.draw(st.floats(20, 60))) for _ in range(count)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] < pair[1])
    edges = data.draw(st.lists(pairs, unique=True, max_size=40)) if count > 1 else []
    layout = lay_out(sizes, edges)
    boxes = layout.spots[:count]
    for number, one in enumerate(boxes):
        assert one.x - one.width / 2 >= -1e-6
        assert one.x + one.width / 2 <= layout.width + 1e-6
        assert 0 <= one.y - one.height / 2 <= layout.height
        for other in boxes[number + 1 :]:
            apart = abs(one.x - other.x) - (one.width + other.width) / 2
            assert one.layer != other.layer or apart > 20
    for (source, target), route in zip(edges, layout.routes, strict=True):
        assert (route[0], route[-1]) == (source, target)
        layers = [layout.spots[spot].layer for spot in route]
        assert layers == list(range(layers[0], layers[-1] + 1))
        for bend in route[1:-1]:  # never through a box
            spot = layout.spots[bend]
            assert all(abs(box.x - spot.x) > box.width / 2 for box in boxes if box.layer == spot.layer)

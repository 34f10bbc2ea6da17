"""Small spaces that several tests search."""

from cellwright.space import Choice, Dense, Float, Identity, Integer, Sketch, Space, When

__all__ = ["falling_space", "settings_space", "small_space"]


def small_space() -> Space:
    """Three nodes of four options; Identity makes some points equal."""
    sketch = Sketch()
    block = sketch.input("x", 5)
    operations = [Identity(), Dense(2, "relu"), Dense(3, "relu"), Dense(4, "tanh")]
    return sketch.space("small", sketch.chain("node", block, operations, 3))


def settings_space() -> Space:
    """Settings of each kind, one of them conditional, and a forbidden combination."""
    return Space(
        "settings",
        (),
        (
            Choice("optimizer", ("adam", "sgd")),
            Float("learning_rate", 1e-4, 1e-1, log=True),
            Integer("depth", 1, 4),
            Integer("width", 8, 1024, log=True),
            Float("momentum", 0.0, 0.9, when=When("optimizer", ("sgd",))),
        ),
        ((When("optimizer", ("sgd",)), When("depth", (4,))),),
    )


def falling_space(layers: int = 8) -> Space:
    """Widths that never grow from layer to layer: of 8 layers one combination of 2,607 is allowed."""
    widths = (16, 32, 64, 128, 256, 512, 1024, 2048)
    wider = {width: tuple(other for other in widths if other > width) for width in widths[:-1]}
    forbidden = tuple(
        (When(f"w{layer}", (width,)), When(f"w{layer + 1}", wider[width]))
        for layer in range(layers - 1)
        for width in wider
    )
    return Space("falling", (), tuple(Choice(f"w{layer}", widths) for layer in range(layers)), forbidden)

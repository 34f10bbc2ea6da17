"""Lists of operations that several published spaces share."""

from cellwright.space import Dense, Dropout, Identity, Operation

__all__ = ["mlp"]


def mlp(*rates: float) -> list[Operation]:
    """Return the 13 operations of SC19's MLP node, in its order, with its three dropout rates."""
    operations: list[Operation] = [Identity()]
    for width, rate in zip((100, 500, 1000), rates, strict=True):
        operations += [Dense(width, activation) for activation in ("relu", "tanh", "sigmoid")]
        operations.append(Dropout(rate))
    return operations

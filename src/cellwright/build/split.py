"""A dense layer of inputs side by side, each applied to its distinct entities before rows gather them.

Large layers bring their own gradient, since autograd would make one for each part's columns of the weights and join
them: here each is written to its place. That saves the hand-designed Combo network 3 % of a step, and some units of a
wide layer at a time another 8 %; small layers would lose as much to Python.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

__all__ = ["dense", "wide"]

#: width from which on a layer's gradient is computed for some units at a time, and how many: MKL takes nearly twice as
#: long for 1,000 x 3,820 of 54 rows at once as for 16 parts of it (and no longer for 1,000 x 1,000)
_WIDE, _UNITS = 2048, 64
#: weights from which on a layer's own gradient pays
_LARGE = 500_000


def wide(width: int, units: int) -> bool:
    """Return whether `dense` is faster than the module itself where there is nothing to split."""
    return width > _WIDE and width * units > _LARGE


def dense(
    module: nn.Module, tensors: Sequence[Tensor], keys: Sequence[str | None], gather: Mapping[str, Tensor]
) -> Tensor:
    """Return a dense layer, with what is behind it, of tensors side by side, each gathered by its key.

    Shape: tensors (entities, width), or (rows, width) where the key is None; result (rows, units).
    """
    layer, *behind = module if isinstance(module, nn.Sequential) else [module]
    assert isinstance(layer, nn.Linear)
    apply = _Split.apply if layer.weight.numel() > _LARGE else _sum
    result: Tensor = apply(layer.weight, layer.bias, keys, gather, *tensors)
    for after in behind:
        result = after(result)
    return result


class _Split(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        weight: Tensor,
        bias: Tensor,
        keys: Sequence[str | None],
        gather: Mapping[str, Tensor],
        *tensors: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(weight, *tensors)
        ctx.keys, ctx.gather = keys, gather
        return _sum(weight, bias, keys, gather, *tensors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, *tensors = ctx.saved_tensors
        of_weight = torch.empty_like(weight)
        of_tensors: list[Tensor | None] = []
        summed: dict[str | None, Tensor] = {None: gradient}
        parts = zip(ctx.keys, tensors, _columns(weight, tensors), _columns(of_weight, tensors), strict=True)
        for (key, tensor, columns, place), needed in zip(parts, ctx.needs_input_grad[4:], strict=True):
            if key not in summed:
                zeros = gradient.new_zeros(len(tensor), gradient.shape[1])
                summed[key] = zeros.index_add_(0, ctx.gather[key], gradient)  # (entities, units)
            units = _UNITS if tensor.shape[1] > _WIDE else len(weight)
            for some, out in zip(torch.split(summed[key].T, units), torch.split(place, units), strict=True):
                torch.mm(some, tensor, out=out)
            of_tensors.append(summed[key].mm(columns) if needed else None)
        return (of_weight, gradient.sum(0), None, None, *of_tensors)


def _sum(
    weight: Tensor, bias: Tensor, keys: Sequence[str | None], gather: Mapping[str, Tensor], *tensors: Tensor
) -> Tensor:
    products: dict[str | None, Tensor] = {}
    for key, tensor, columns in zip(keys, tensors, _columns(weight, tensors), strict=True):
        if key in products:
            products[key].addmm_(tensor, columns.T)
        else:
            products[key] = linear(tensor, columns, None if products else bias)  # the bias once
    total, *others = [
        product if key is None else product.index_select(0, gather[key]) for key, product in products.items()
    ]  # each (rows, units)
    for other in others:
        total += other
    return total


def _columns(weight: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the columns of the weights that belong to each tensor."""
    return torch.split(weight, [tensor.shape[1] for tensor in tensors], dim=1)

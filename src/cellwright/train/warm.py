"""What every worker child needs, imported once by the fork server from which all are copied (importing it warms)."""

import sklearn.metrics  # noqa: F401  # imported for its side effect: it is loaded
import torch

import cellwright.train.evaluate  # noqa: F401  # as above

torch.set_num_threads(1)
# torch.optim imports lazily at its first step, which each child would pay for; no backward here, for its engine
# must not exist before a fork, and no CUDA
_weight = torch.zeros(1, requires_grad=True)
_weight.grad = torch.zeros(1)
torch.optim.Adam([_weight], fused=True).step()

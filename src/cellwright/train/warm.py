"""What every worker child needs, imported once by the fork server from which all are copied (importing it warms)."""

import ctypes
import sys

import sklearn.metrics  # noqa: F401  # imported for its side effect: it is loaded
import torch

import cellwright.train.evaluate  # noqa: F401  # as above

torch.set_num_threads(1)
if sys.platform == "linux":
    # what a step frees the next one needs: taking it from the kernel anew, page by page, costs networks of 10 million
    # parameters a tenth of their time (children inherit this; numbers from glibc's malloc.h, other libcs ignore them)
    _libc = ctypes.CDLL(None)
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD
        _libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
# torch.optim imports lazily at its first step, which each child would pay for; no backward here, for its engine must
# not exist before a fork; and not where torch has CUDA, for the step asks for a GPU, after which no child can use it
if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]  # torch leaves it untyped
    _weight = torch.zeros(1, requires_grad=True)
    _weight.grad = torch.zeros(1)
    torch.optim.Adam([_weight], fused=True).step()

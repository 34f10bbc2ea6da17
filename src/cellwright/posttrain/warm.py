"""What every child of post-training needs, imported once by the process from which all are copied."""

import sklearn.decomposition
import sklearn.ensemble
import sklearn.linear_model  # noqa: F401  # imported for their side effect: they are loaded

import cellwright.posttrain.refit
import cellwright.train.warm  # noqa: F401  # as above

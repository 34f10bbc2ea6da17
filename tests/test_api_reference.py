import runpy
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_api_reference_is_that_of_the_docstrings() -> None:
    reference = runpy.run_path(str(DOCS / "make_api.py"))["reference"]()
    assert (DOCS / "api.md").read_text() == reference, "run python docs/make_api.py"

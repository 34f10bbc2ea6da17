"""Draw the picture of README.md: the top of the report of a run, as a browser shows it (needs chromium).

python benchmarks/report_picture.py runs/uno-benchmark
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from cellwright import Run

OUT = Path(__file__).parent.parent / "docs" / "images" / "report.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    arguments = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no chromium here: install it, or open the report yourself")
    with tempfile.TemporaryDirectory() as folder:
        page = Run(arguments.run).report(Path(folder) / "report.html")
        OUT.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
                *(f"--user-data-dir={folder}/profile", "--window-size=1200,1500", "--virtual-time-budget=8000"),
                *(f"--screenshot={OUT}", page.resolve().as_uri()),
            ],
            check=True,
            capture_output=True,
        )
    print(f"written: {OUT}")


if __name__ == "__main__":
    main()

"""plotly.js inside the page: packed, because most of a report is this library, and unpacked by the browser.

`vendor/` holds the bundle `plotly.js-basic-dist-min` (lines, dots, bars) as npm has it, under the MIT licence. The
whole library, which the Python package brings, is four times as large.
"""

import base64
import gzip
from importlib.resources import files

__all__ = ["BUNDLE", "loader", "packed"]

BUNDLE = files("cellwright.report").joinpath("vendor", "plotly-basic.min.js")

# charts are as wide as the paper while the page is printed
_LOADER = """
const charts = document.querySelectorAll("script[data-chart]");
const draw = async () => {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (letter) => letter.charCodeAt(0));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const library = document.createElement("script");
  library.textContent = await new Response(plain).text();
  document.head.append(library);
  for (const chart of charts) {
    const { data, layout } = JSON.parse(chart.textContent);
    await Plotly.newPlot(chart.dataset.chart, data, layout, { responsive: true, displayModeBar: false });
  }
  const fit = () => document.querySelectorAll(".js-plotly-plot").forEach((plot) => Plotly.Plots.resize(plot));
  addEventListener("beforeprint", fit);
  addEventListener("afterprint", fit);
};
draw().catch((error) => {
  console.error(error);
  document.querySelectorAll(".plot:empty").forEach((plot) => {
    plot.textContent = "This chart needs a browser of 2023 or newer (Chrome, Edge, Firefox 113, Safari 16.4).";
  });
});
"""


def packed() -> str:
    """Return the element that holds the library, gzip in base64."""
    text = base64.b64encode(gzip.compress(BUNDLE.read_bytes(), mtime=0)).decode()
    return f'<script id="plotly" type="text/plain">{text}</script>'


def loader() -> str:
    """Return the script that unpacks the library and draws every chart of the page; it comes last."""
    return f"<script>{_LOADER}</script>"

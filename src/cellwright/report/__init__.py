"""A run as one HTML page that explains itself and opens offline."""

from cellwright.report.write import write_report

__all__ = ["write_report"]

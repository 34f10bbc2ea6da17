"""What is written down while a run goes on."""

from cellwright.store.log import Event, JsonLog, Memory, Store

__all__ = ["Event", "JsonLog", "Memory", "Store"]

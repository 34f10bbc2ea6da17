"""Readers of the formats that tables come in; each returns a Table, which `cellwright.data.tables` makes a Sheet of."""

"""The table of measurements: which one it is, what its columns mean, and its rows."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.keys import Key
from cellwright.data.options import TableOptions
from cellwright.data.roles import are_doses_of_a_curve, doses_of, need, roles_of, simple, values_of
from cellwright.data.tables import Sheet
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["conditions_of", "measured", "measurements_among", "note_columns"]

#: ending of a dose column's name -> mol/l; the first that fits
_UNITS = {"mm": 1e-3, "um": 1e-6, "micromolar": 1e-6, "nm": 1e-9, "nanomolar": 1e-9, "m": 1.0, "molar": 1.0}
_UNITS |= {"moll": 1.0, "mmoll": 1e-3, "umoll": 1e-6, "nmoll": 1e-9}
_UNIT_COLUMN = re.compile(r"(?:dose|conc|concentration)?units?|units?of(?:dose|conc|concentration)")
_SMALLEST_DOSE = 1e-4  # micromolar: a largest dose below it is meant in another unit
_UNIT_NAMES = {1e-3: "millimolar", 1e-6: "micromolar", 1e-9: "nanomolar", 1.0: "mol/l"}
#: what stands in the place of a second drug where there is none
_NO_DRUG = ("", "none", "null", "na", "n/a", "nan", "-", "\\n", "control", "dmso", "vehicle", "untreated", "no drug")
_MOST_CONDITIONS = 20  # different values that a column holds at least without being a measured value itself


def measurements_among(
    sheets: Sequence[Sheet], options: TableOptions, place: str, *, pairs: bool
) -> tuple[Sheet, dict[str, str]]:
    """Return the table of measurements and what its columns mean.

    Raises:
        DataError: none, or several, could be it, or a column is not found.
    """
    found = [(sheet, roles_of(sheet, options.columns, options.exclude)) for sheet in sheets]
    drugs = ("drug_1", "drug_2") if pairs else ("drug",)
    fit = [(sheet, roles) for sheet, roles in found if "cell" in roles and all(drug in roles for drug in drugs)]
    whole = [(sheet, roles) for sheet, roles in fit if "value" in roles] or fit
    if len(whole) > 1:
        names = few([sheet.name for sheet, _ in whole])
        raise DataError(f"several tables of {place!r} hold measurements: {names}; leave one of them in the folder")
    if whole:
        main, roles = whole[0]
        need(main, roles, "value")
        return main, roles
    other = [sheet for sheet, roles in found if "cell" in roles and ("drug" if pairs else "drug_1") in roles]
    if other:
        has, wants = ("one drug", "two drugs") if pairs else ("two drugs", "one drug")
        problem = "uno" if pairs else "combo"
        raise DataError(f"{other[0].name} names {has} a row, and this problem wants {wants}; search {problem} instead")
    first = max(sheets, key=lambda sheet: len(sheet.frame))
    need(first, roles_of(first, options.columns, options.exclude), "cell", *drugs)
    raise AssertionError(first.name)


def measured(
    main: Sheet, roles: Mapping[str, str], keys: Mapping[str, Key], options: TableOptions, notes: list[str]
) -> "pd.DataFrame":
    """Return the rows that name their entities and have a value: cell, drug or drug_1 and drug_2, perhaps dose, value.

    The index says which row of the table each is.

    Args:
        keys: by kind, how the measurements name its entities.

    Raises:
        DataError: no row is left, or a value is missing or no number.
    """
    import pandas as pd

    drugs = keys["drug"].names
    pair = len(drugs) > 1
    columns = {"cell": keys["cell"].names[0]} | dict(
        zip(("drug_1", "drug_2") if pair else ("drug",), drugs, strict=True)
    )
    if pair:
        columns |= {role: names.mask(names.astype(str).str.lower().isin(_NO_DRUG)) for role, names in columns.items()}
    rows = pd.DataFrame(columns)
    keep = _named(main, rows, keys, notes, pair=pair)
    if pair:
        doses = [name for name in doses_of(main) if len(main.frame[name].unique()) > 1]
        if doses:
            unused = f"doses of pairs are not used ({few(doses)}): a pair's values are averaged over them"
            notes.append(f"{main.name}: {unused}")
    elif "dose" in roles:
        rows["dose"] = _dose(main, roles["dose"], keep, notes)
    else:
        _check_no_doses(main, rows, options.exclude)
    rows["value"] = main.numbers(roles["value"], missing=True)
    keep &= _has_value(main, roles["value"], rows["value"], keep, options, notes)
    if not keep.any():
        hint = "; if all are of single drugs, search uno instead" if pair else ""
        raise DataError(f"{main.name}: no row is left that names a cell line and its drugs and has a value{hint}")
    return rows[keep]


def _named(main: Sheet, rows: "pd.DataFrame", keys: Mapping[str, Key], notes: list[str], *, pair: bool) -> np.ndarray:
    """Return which rows name all of their entities; tell of the others."""
    cell, *drugs = [rows[role].notna().to_numpy() for role in rows.columns]
    drug = np.logical_and.reduce(drugs)
    single = cell & ~drug & np.logical_or.reduce(drugs) if pair else np.zeros(len(rows), bool)
    if single.any():
        notes.append(
            f"{main.name}: {int(single.sum()):,} of {len(rows):,} rows name one drug only (single agents) and are left "
            f"out: a column of the drugs is empty or names a control there"
        )
    for there, kind in ((cell, "cell"), (drug | single, "drug")):
        if not there.all():
            shown = "cell line" if kind == "cell" else kind
            notes.append(
                f"{main.name}: {int((~there).sum()):,} of {len(rows):,} rows name no {shown} ({keys[kind]} is empty) "
                f"and are left out; the first is {_first(~there)}"
            )
    result: np.ndarray = cell & drug
    return result


def _has_value(
    main: Sheet, column: str, values: "pd.Series[float]", keep: np.ndarray, options: TableOptions, notes: list[str]
) -> np.ndarray:
    """Return which rows have a value; tell of those left out."""
    there = values.notna().to_numpy()
    empty = keep & ~there
    if empty.any():
        count = f"{int(empty.sum()):,} of {int(keep.sum()):,} rows"
        if not options.drop_missing_targets:
            raise DataError(
                f"{main.name}: column {column!r} is empty in {count}, the first is {_first(empty)}; "
                "say --drop-missing-targets to leave them out"
            )
        notes.append(f"{main.name}: {count} have no {column!r} and are left out; the first is {_first(empty)}")
    return there


def _first(rows: np.ndarray) -> str:
    return f"row {int(np.flatnonzero(rows)[0]) + 1:,}"


def _check_no_doses(main: Sheet, rows: "pd.DataFrame", exclude: Sequence[str]) -> None:
    """Raise DataError if rows of one cell line and drug differ in what looks like a dose: no mean of them would do."""
    for name in doses_of(main):
        if name not in exclude and main.is_numeric(name):
            groups = main.frame[name].groupby([rows[key] for key in rows.columns])
            if groups.nunique().max() > 1:
                raise DataError(
                    f"{main.name}: column {name!r} seems to hold doses, of which one cell line and drug have several: "
                    f"say --column dose={name} (micromolar, unless the name ends in another unit: "
                    f"{', '.join(unit for unit in _UNITS if len(unit) <= 2)}), or --column exclude={name} to average "
                    "over it"
                )


def _dose(main: Sheet, column: str, keep: np.ndarray, notes: list[str]) -> np.ndarray:
    """Return -log10 of the dose in mol/l, NaN in rows that are not kept."""
    values = main.numbers(column, missing=True)
    if np.isnan(values[keep]).any():
        main.numbers(column)  # says where
    form = simple(column)
    unit = next((unit for unit in _UNITS if form.endswith(unit)), None)
    if form.startswith("log"):
        factor = _UNITS[unit or "m"]
        sign = -1 if factor < 1 or np.median(values[keep]) < 0 else 1
        shown = f"{'' if sign < 0 else '-'}log10 of {_UNIT_NAMES[factor]}"
        notes.append(f"dose: {column!r} is taken as {shown}" + ("; used is -log10 of mol/l" if factor < 1 else ""))
        logarithms: np.ndarray = sign * (values + np.log10(factor))
        return logarithms
    wrong = np.flatnonzero(keep & (values <= 0))
    if len(wrong):
        raise DataError(
            f"{main.name}: column {column!r} is {values[wrong[0]]:g} in {_first(keep & (values <= 0))}"
            f"{f' and {len(wrong) - 1:,} more' if len(wrong) > 1 else ''}; a dose is above 0: leave controls out"
        )
    factors, said = (np.full(len(values), _UNITS[unit]), _UNIT_NAMES[_UNITS[unit]]) if unit else _units(main, keep)
    if factors is None:
        if values[keep].max() < _SMALLEST_DOSE:
            raise DataError(
                f"{main.name}: column {column!r} holds doses up to {values[keep].max():g}, too small for micromolar, "
                f"and its name says no unit: rename it, such as to {column}_M or {column}_nM"
            )
        factors = np.full(len(values), _UNITS["um"])
        said = f"micromolar, since its name says no unit (as {column}_nM, {column}_M and log10_{column}_M do)"
    notes.append(f"dose: {column!r} is in {said}; used is -log10 of mol/l")
    scaled: np.ndarray = -np.log10(np.where(keep, values * factors, 1.0))
    return scaled


def _units(main: Sheet, keep: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Return mol/l for 1 in the unit of each row, as a column of units says it, and words; None: there is no such.

    Raises:
        DataError: the column holds a unit that is unknown.
    """
    column = next((name for name in main.columns if _UNIT_COLUMN.fullmatch(simple(name))), None)
    if column is None:
        return None, ""
    texts = main.frame[column].astype(str).str.strip().str.replace("[\u00b5\u03bc]", "u", regex=True)
    factors = texts.map(lambda text: _UNITS.get(simple(text))).to_numpy(float)
    unknown = np.flatnonzero(keep & np.isnan(factors))
    if len(unknown):
        raise DataError(
            f"{main.name}: column {column!r} holds units of doses, and {texts.iloc[unknown[0]]!r} in row "
            f"{unknown[0] + 1:,} is none of nM, uM, mM and M; convert those rows"
        )
    return factors, f"the units of column {column!r}"


def conditions_of(
    main: Sheet, used: Sequence[str], keys: Mapping[str, Sequence[Key]], exclude: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the columns that may tell repeated measurements apart, and those among them that may be conditions.

    These are columns of text and of whole numbers, and others of few values, such as a time, a plate or a study. No
    conditions are other names of the cell line or drug, and the doses between which a curve was measured.

    Args:
        used: columns that are used otherwise.
        keys: by kind, all ways to name its entities.
        exclude: columns to average over, whatever they are.
    """
    import pandas as pd

    names = {column for several in keys.values() for key in several for column in key.columns}
    values = set(values_of(main, main.columns))
    apart = []
    for column in main.columns:
        if column in used or column in values:
            continue
        cells = main.frame[column]
        number = pd.api.types.is_float_dtype(cells) and not (cells.dropna() % 1 == 0).all()
        levels = cells.nunique()
        if levels > 1 and (levels <= _MOST_CONDITIONS or (not number and levels <= len(cells) / 2)):
            apart.append(column)
    doses = {name for name in apart if are_doses_of_a_curve(name)} | set(doses_of(main))
    return apart, [name for name in apart if name not in names | doses | set(exclude)]


def note_columns(main: Sheet, roles: Mapping[str, str], used: Sequence[str], notes: list[str]) -> None:
    """Note which columns hold values, and which are not used."""
    value = roles["value"]
    values = values_of(main, [name for name in main.columns if name not in set(used) - {value}])
    others = [name for name in values if name != value]
    if others:
        listed = ", ".join(map(repr, others))
        notes.append(f"{main.name}: value columns: {value!r} (taken; --target chooses another), {listed}")
    rest = [name for name in main.columns if name not in {*used, *values} and not main.counts(name)]
    if any(rest):
        notes.append(f"{main.name}: columns that are not used: {few(filter(None, rest), 12)}")

"""What the columns of a table of measurements mean, guessed from their names where nobody says it.

The names are those of GDSC, CCLE, DepMap, DrugComb, IMPROVE, NCI-ALMANAC and GEO, and what people write themselves.
"""

import re
from collections.abc import Mapping, Sequence

from cellwright.data.tables import Sheet
from cellwright.data.words import few
from cellwright.errors import DataError

__all__ = [
    "SMILES",
    "are_doses_of_a_curve",
    "described",
    "doses_of",
    "keys_of_kind",
    "names_entities",
    "names_parts",
    "need",
    "roles_of",
    "simple",
    "smiles_column",
    "values_of",
]

SMILES = (
    *("smiles", "cansmiles", "isosmiles", "isomericsmiles", "canonicalsmiles", "smilesstring", "drugsmiles"),
    *("cpdsmiles", "structure"),
)
_DRUG = (
    "drug|compound|cpd|nsc|pubchem|pubchemid|pubchemcid|cid|broad|broadid|broadcpdid|molecule|chemical|agent|treatment"
    "|improvechem|chembl|pertiname"
)
_SINGLE = re.compile(rf"(?:{_DRUG})(?:name|id|code|number|key)?|inchikey")
_SECOND = {"a": "b", "1": "2", "i": "ii", "row": "col", "x": "y", "left": "right"}
_ENDINGS = "|".join(_SECOND)
#: the first of both columns of a pair, with a word for a drug and without
_PAIRS = (
    re.compile(rf"(?P<before>(?:{_DRUG})(?:name|id)?)(?P<ending>{_ENDINGS})(?P<after>(?:name|id)?)"),
    re.compile(rf"(?P<before>)(?P<ending>{_ENDINGS})(?P<after>(?:name|id)?)"),
)
#: what names cell lines, the likeliest first
_CELLS = (
    re.compile(
        r"(?:ccle|primary|stripped)?cell(?:line|s|lines)?(?:primary)?(?:name|id)?|line(?:name)?|ccle(?:name)?"
        r"|improvesampleid|modelname"
    ),
    re.compile(
        r"depmap(?:id)?|arxspan(?:id)?|cosmic(?:sample)?(?:id|identifier)?|(?:sanger)?modelid|cellosaurus(?:id)?|rrid"
        r"|(?:master)?ccleid|sample(?:id|name)?|gsm|geoaccession"
    ),
)
_IDS = re.compile(r".*(?:id|code|number|cid|key|inchikey)")
_DOSE = re.compile(r"(?:log(?:10)?)?(?:dose|conc|concentration)(?:um|nm|mm|m|molar|micromolar|nanomolar|umol)?")
_DOSES = re.compile(r"dose|conc(?!or)")  # in the name of whatever dose
#: in the name of the dose of a whole curve, or of what is no number of mol/l
_CURVE = re.compile(r"^(?:min|max|low|high|top|first|last|num)|(?:min|max|minimum|maximum|count)$|range|unit|index")
_PARTS = ("split", "set", "partition", "subset", "fold")
#: names of measured values, the likeliest first
_PLAIN = ("value", "target", "response", "y", "growth", "percentgrowth", "inhibition", "viability")
_SCORES = (
    *("synergy", "score", "comboscore", "synergyloewe", "loewe", "synergybliss", "bliss", "synergyzip", "zip"),
    *("synergyhsa", "hsa", "auc", "actarea", "activityarea", "lnic50", "ic50", "aac", "effect", "dss", "gr50", "css"),
    *("ec50", "zscore", "amax", "emax", "cssri", "smax", "smean"),
)
_VALUES = (*_PLAIN, *_SCORES)
_MEASURED_UNITS = ("um", "nm", "pct", "percent")
_MEANINGS = {
    "lnic50": "natural logarithm of the IC50; GDSC's is in micromolar",
    "auc": "area under the dose-response curve",
    "aac": "area above the dose-response curve",
    "actarea": "activity area",
    "percentgrowth": "growth in percent of the untreated control",
    "comboscore": "NCI-ALMANAC's score of synergy",
}


def simple(name: str) -> str:
    """Return a column's name in lower case without punctuation."""
    return "".join(letter for letter in name.replace("µ", "u").replace("μ", "u").lower() if letter.isalnum())


def roles_of(sheet: Sheet, given: Mapping[str, str], exclude: Sequence[str] = ()) -> dict[str, str]:
    """Return role -> column, as far as a table of measurements has them: cell, drug or drug_1 and drug_2, dose, value.

    Args:
        given: what somebody has said, by role.
        exclude: columns that are none of these.
    """
    roles = {role: name for role, name in given.items() if name in sheet.columns}
    forms = {name: simple(name) for name in sheet.columns if name not in {*roles.values(), *exclude}}
    if "cell" not in roles:
        roles |= _first("cell", _cells(forms))
    if not roles.keys() & {"drug", "drug_1", "drug_2"}:
        roles |= next(iter(_pairs(forms, _PAIRS[0])), {})
        if "drug_1" not in roles:
            roles |= _first("drug", _singles(forms))
        if not roles.keys() & {"drug", "drug_1"}:
            roles |= next(iter(_pairs(forms, _PAIRS[1])), {})
    if "dose" not in roles and "drug" in roles:
        roles |= _first("dose", [name for name, form in forms.items() if _DOSE.fullmatch(form)])
    if "value" not in roles and "cell" in roles and roles.keys() & {"drug", "drug_1"}:
        roles |= _value(sheet, [name for name in forms if name not in roles.values()])
    return roles


def keys_of_kind(sheet: Sheet, kind: str, roles: Mapping[str, str], exclude: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the columns that may name the entities of a kind, two where a row names a pair, the likeliest first.

    Args:
        roles: what is known of the columns.
    """
    known = tuple(roles[role] for role in (kind, f"{kind}_1", f"{kind}_2") if role in roles)
    used = {name for role, name in roles.items() if role in ("dose", "value")}
    forms = {name: simple(name) for name in sheet.columns if name not in {*used, *exclude}}
    others: list[tuple[str, ...]]
    if kind == "cell":
        others = [(name,) for name in _cells(forms)]
    elif len(known) > 1:
        others = [(pair["drug_1"], pair["drug_2"]) for usual in _PAIRS for pair in _pairs(forms, usual)]
    else:
        others = [(name,) for name in _singles(forms)]
    return [known, *(columns for columns in others if columns != known)]


def values_of(sheet: Sheet, names: Sequence[str]) -> list[str]:
    """Return the columns of numbers that usually are measured values, the likeliest first."""
    by_form: dict[str, str] = {}
    for name in names:
        form = simple(name)
        short = next((form.removesuffix(unit) for unit in _MEASURED_UNITS if form.endswith(unit)), form)
        for one in (form, short):
            by_form.setdefault(one, name)
    found = dict.fromkeys(by_form[known] for known in _VALUES if known in by_form)
    return [name for name in found if sheet.is_numeric(name)]


def described(column: str) -> str:
    """Return the name of a column of measured values, and what it means where the name is a usual one."""
    meaning = _MEANINGS.get(simple(column))
    return column if meaning is None else f"{column} ({meaning})"


def doses_of(sheet: Sheet) -> list[str]:
    """Return the columns that seem to hold doses; the lowest and highest dose of a curve are none."""
    return [name for name in sheet.columns if _DOSES.search(simple(name)) and not are_doses_of_a_curve(name)]


def are_doses_of_a_curve(name: str) -> bool:
    """Return whether a column of this name says between which doses a curve was measured, or in which unit."""
    form = simple(name)
    return _DOSES.search(form) is not None and _CURVE.search(form) is not None


def names_parts(name: str) -> bool:
    """Return whether a column of this name usually says which rows are for testing."""
    return simple(name) in _PARTS


def smiles_column(sheet: Sheet, columns: Mapping[str, str], without: Sequence[str] = ()) -> str | None:
    """Return the column of SMILES: the one that somebody has named, or one that is usually called so."""
    if columns.get("smiles") in sheet.columns:
        return columns["smiles"]
    return next((name for name in sheet.columns if simple(name) in SMILES and name not in without), None)


def _first(role: str, names: Sequence[str]) -> dict[str, str]:
    return {role: names[0]} if names else {}


def _cells(forms: Mapping[str, str]) -> list[str]:
    return [name for usual in _CELLS for name, form in forms.items() if usual.fullmatch(form)]


def _singles(forms: Mapping[str, str]) -> list[str]:
    """Return the columns that usually name a drug: names come before numbers."""
    found = [name for name, form in forms.items() if _SINGLE.fullmatch(form)]
    return sorted(found, key=lambda name: _IDS.fullmatch(forms[name]) is not None)


def _pairs(forms: Mapping[str, str], usual: re.Pattern[str]) -> list[dict[str, str]]:
    """Return the two columns of a pair of drugs: names that differ in their ending only."""
    by_form = {form: name for name, form in reversed(list(forms.items()))}
    pairs = []
    for name, form in forms.items():
        found = usual.fullmatch(form)
        if found is not None:
            other = f"{found['before']}{_SECOND[found['ending']]}{found['after']}"
            if other in by_form:
                pairs.append({"drug_1": name, "drug_2": by_form[other]})
    anchors = [(f"anchor{ending}", f"library{ending}") for ending in ("", "name", "id")]
    return pairs + [
        {"drug_1": by_form[one], "drug_2": by_form[other]}
        for one, other in anchors
        if one in by_form and other in by_form
    ]


def _value(sheet: Sheet, left: Sequence[str]) -> dict[str, str]:
    """Return the column of measured values: by its name, or because it is the only one of numbers."""
    known = values_of(sheet, left) or [name for name in left if simple(name) in _VALUES]
    if known:
        return {"value": known[0]}
    numeric = [
        name
        for name in left
        if sheet.is_numeric(name) and not sheet.frame[name].isna().all() and not are_doses_of_a_curve(name)
    ]
    return {"value": numeric[0]} if len(numeric) == 1 else {}


def names_entities(kind: str, name: str) -> bool:
    """Return whether a column of this name usually names entities of a kind, cell or drug."""
    form = simple(name)
    if form in ("name", "id", "key", "index", ""):
        return True
    return any(usual.fullmatch(form) for usual in (_CELLS if kind == "cell" else (_SINGLE,)))


def need(sheet: Sheet, roles: Mapping[str, str], *wanted: str) -> None:
    """Raise DataError unless all of the wanted roles are known."""
    for role in wanted:
        if role not in roles:
            raise DataError(
                f"{sheet.name}: which column holds the {_WORDS[role]}? Say --column {role}=NAME; "
                f"there are {few(sheet.columns, 12)}"
            )


_WORDS = {
    "cell": "cell line",
    "drug": "drug",
    "drug_1": "first drug of a pair",
    "drug_2": "second drug of a pair",
    "dose": "dose",
    "value": "measured value",
}

"""What the columns of a table of measurements mean, guessed from their names where nobody says it."""

import re
from collections.abc import Mapping

from cellwright.data.frames import few
from cellwright.data.tables import Sheet
from cellwright.errors import DataError

__all__ = ["SMILES", "doses_of", "names_entities", "need", "roles_of", "simple"]

SMILES = ("smiles", "isosmiles", "isomericsmiles", "canonicalsmiles", "smilesstring", "structure")
_DRUG = "drug|compound|nsc|pubchemid|pubchemcid|cid|broadid|molecule|chemical|agent|treatment"
_SINGLE = re.compile(rf"(?:{_DRUG})(?:name|id|code|number|key)?")
_SECOND = {"a": "b", "1": "2", "i": "ii", "row": "col", "x": "y", "left": "right"}
_ENDINGS = "|".join(_SECOND)
#: the first of both columns of a pair, with a word for a drug and without
_PAIRS = (
    re.compile(rf"(?P<before>(?:{_DRUG})(?:name|id)?)(?P<ending>{_ENDINGS})(?P<after>(?:name|id)?)"),
    re.compile(rf"(?P<before>)(?P<ending>{_ENDINGS})(?P<after>(?:name|id)?)"),
)
_CELL = re.compile(r"cell(?:line|s|lines)?(?:name|id)?|line(?:name)?|cellosaurusid|ccle(?:name)?")
_SAMPLE = re.compile(r"depmapid|cosmicid|modelid|sample(?:id|name)?")
_DOSE = re.compile(r"(?:log(?:10)?)?(?:dose|conc|concentration)(?:um|nm|mm|m|molar|micromolar|nanomolar|umol)?")
_DOSES = re.compile(r"dose|conc(?!or)")  # in the name of whatever dose
#: names of measured values, the likeliest first
_PLAIN = ("value", "target", "response", "y", "growth", "percentgrowth", "inhibition", "inhibitionpct", "viability")
_SCORES = ("synergy", "score", "comboscore", "loewe", "bliss", "zip", "hsa", "auc", "lnic50", "ic50", "aac", "effect")
_VALUES = (*_PLAIN, *_SCORES)


def simple(name: str) -> str:
    """Return a column's name in lower case without punctuation."""
    return "".join(letter for letter in name.replace("µ", "u").replace("μ", "u").lower() if letter.isalnum())


def roles_of(sheet: Sheet, given: Mapping[str, str]) -> dict[str, str]:
    """Return role -> column, as far as a table of measurements has them: cell, drug or drug_1 and drug_2, dose, value.

    Args:
        given: what somebody has said, by role.
    """
    here = {role: name for role, name in given.items() if name in sheet.columns}
    forms = {name: simple(name) for name in sheet.columns if name not in here.values()}
    roles = dict(here)
    if "cell" not in roles:
        roles |= _first("cell", forms, _CELL) or _first("cell", forms, _SAMPLE)
    if not roles.keys() & {"drug", "drug_1", "drug_2"}:
        roles |= _pair(forms, _PAIRS[0]) or _first("drug", forms, _SINGLE) or _pair(forms, _PAIRS[1])
    if "dose" not in roles and "drug" in roles:
        roles |= _first("dose", forms, _DOSE)
    if "value" not in roles:
        roles |= _value(sheet, [name for name in forms if name not in roles.values()])
    return roles


def doses_of(sheet: Sheet) -> list[str]:
    """Return the columns that seem to hold doses."""
    return [name for name in sheet.columns if _DOSES.search(simple(name))]


def _first(role: str, forms: Mapping[str, str], usual: re.Pattern[str]) -> dict[str, str]:
    names = [name for name, form in forms.items() if usual.fullmatch(form)]
    return {role: names[0]} if names else {}


def _pair(forms: Mapping[str, str], usual: re.Pattern[str]) -> dict[str, str]:
    """Return the two columns of a pair of drugs: names that differ in their ending only."""
    by_form = {form: name for name, form in reversed(list(forms.items()))}
    for name, form in forms.items():
        found = usual.fullmatch(form)
        if found is not None:
            other = f"{found['before']}{_SECOND[found['ending']]}{found['after']}"
            if other in by_form:
                return {"drug_1": name, "drug_2": by_form[other]}
    for ending in ("", "name", "id"):
        if {f"anchor{ending}", f"library{ending}"} <= set(forms.values()):
            return {"drug_1": by_form[f"anchor{ending}"], "drug_2": by_form[f"library{ending}"]}
    return {}


def _value(sheet: Sheet, left: list[str]) -> dict[str, str]:
    """Return the column of measured values: by its name, or because it is the only one of numbers."""
    forms = {simple(name): name for name in reversed(left)}
    for known in _VALUES:
        if known in forms:
            return {"value": forms[known]}
    numeric = [name for name in left if sheet.is_numeric(name)]
    if len(numeric) == 1:
        return {"value": numeric[0]}
    return {}


def names_entities(kind: str, name: str) -> bool:
    """Return whether a column of this name usually names entities of a kind, cell or drug."""
    form = simple(name)
    if form in ("name", "id", "key", "index", ""):
        return True
    return any(usual.fullmatch(form) for usual in ((_CELL, _SAMPLE) if kind == "cell" else (_SINGLE,)))


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
    "label": "class",
}

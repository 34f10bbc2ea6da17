"""What the columns of a table of measurements mean, guessed from their names where nobody says it."""

import re
from collections.abc import Mapping

from cellwright.data.frames import few
from cellwright.data.tables import Sheet
from cellwright.errors import DataError

__all__ = ["ROLES", "SMILES", "need", "roles_of", "simple"]

#: what `--column ROLE=NAME` may name
ROLES = ("cell", "drug", "drug_1", "drug_2", "dose", "value", "smiles", "label")
SMILES = ("smiles", "isosmiles", "isomericsmiles", "canonicalsmiles", "smilesstring", "structure")
_DRUG = "drug|compound|nsc|pubchemid|pubchemcid|cid|broadid|molecule|chemical|agent|treatment"
_SINGLE = re.compile(rf"(?:{_DRUG})(?:name|id|code|number|key)?")
_PAIR = re.compile(rf"(?:anchor|library|(?:{_DRUG})?(?:name|id)?(a|b|1|2|i|ii|row|col|x|y|left|right))(?:name|id)?")
_FIRST = ("a", "1", "i", "row", "x", "left", "anchor")
_SECOND = {"a": "b", "1": "2", "i": "ii", "row": "col", "x": "y", "left": "right", "anchor": "library"}
_CELL = re.compile(
    r"cell(?:line|s|lines)?(?:name|id)?|line(?:name)?|cellosaurusid|depmapid|cosmicid|modelid|ccle(?:name)?|sample(?:id|name)?"
)
_DOSE = re.compile(r"(?:log(?:10)?)?(?:dose|conc|concentration)(?:um|nm|mm|m|molar|micromolar|nanomolar|umol)?")
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
    left = [name for name in sheet.columns if name not in here.values()]
    forms = {name: simple(name) for name in left}
    roles = dict(here)
    if "cell" not in roles:
        roles |= _first("cell", [name for name in left if _CELL.fullmatch(forms[name])])
    if not roles.keys() & {"drug", "drug_1", "drug_2"}:
        roles |= _pair(forms) or _first("drug", [name for name in left if _SINGLE.fullmatch(forms[name])])
    if "dose" not in roles:
        roles |= _first("dose", [name for name in left if _DOSE.fullmatch(forms[name])])
    if "value" not in roles:
        roles |= _value(sheet, [name for name in left if name not in roles.values()])
    return roles


def _first(role: str, names: list[str]) -> dict[str, str]:
    return {role: names[0]} if names else {}


def _pair(forms: Mapping[str, str]) -> dict[str, str]:
    """Return the two columns of a pair of drugs: names that differ in their ending only."""
    by_form = {form: name for name, form in reversed(list(forms.items()))}
    for name, form in forms.items():
        found = _PAIR.fullmatch(form)
        if found is None:
            continue
        ending = found.group(1) or form.removesuffix("name").removesuffix("id")
        if ending not in _FIRST or (found.group(1) is None and ending != "anchor"):
            continue
        start = found.start(1) if found.group(1) else 0
        other = form[:start] + form[start:].replace(ending, _SECOND[ending], 1)
        if other in by_form and other != form:
            return {"drug_1": name, "drug_2": by_form[other]}
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

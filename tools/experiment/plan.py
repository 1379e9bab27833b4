"""What an experiment file says: rows to compare, seeds, steps."""

import dataclasses
import difflib
import os
import re
import tomllib


class PlanError(Exception):
    """Something a user can mend in the experiment file."""


@dataclasses.dataclass
class Row:
    name: str
    define: dict = dataclasses.field(default_factory=dict)
    spec: str = ""  # another spec than the experiment's
    steps: int = 0  # another number than the experiment's
    data: str = "data"  # "fine": the text of --fine
    after: str = ""  # the row whose weights it begins with
    table: bool = True  # False: only other rows begin with it
    curve: bool = True  # False: so far from the others that it would flatten their curves
    more_flops: str = ""  # why it may do more or less for a token than the baseline
    paper: float | None = None  # what the paper has
    note: str = ""

    def get_needed(self):
        """The rows whose weights it begins with or reads."""
        read = [value[1:] for value in self.define.values() if isinstance(value, str) and value.startswith("@")]
        return read + ([self.after] if self.after else [])

    def get_slug(self):
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclasses.dataclass
class Plan:
    path: str
    title: str
    spec: str
    baseline: str
    steps: int
    seeds: list
    rows: list
    paper: str = ""  # what the rows' numbers of the paper are
    note: str = ""

    def find(self, name):
        return next(row for row in self.rows if row.name == name)


def check_keys(place, table, known):
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            hint = f" (did you mean '{close[0]}'?)" if close else f"; it has {', '.join(known)}"
            raise PlanError(f"{place}: there is no '{key}'{hint}")


def check_type(place, key, value, kinds, expected):
    if not isinstance(value, kinds) or isinstance(value, bool) != (kinds is bool):
        raise PlanError(f"{place}: {key} is {expected}, not {value!r}")


TYPES = {str: "a string", int: "an integer", bool: "true or false", dict: "a table of params",
         float | None: "a number"}


def read_row(place, table):
    fields = {field.name: field for field in dataclasses.fields(Row)}
    check_keys(place, table, list(fields))
    if "name" not in table:
        raise PlanError(f"{place}: a row needs a name")
    for key, value in table.items():
        kind = fields[key].type
        check_type(place, key, value, (int, float) if kind == float | None else kind, TYPES[kind])
    row = Row(**table)
    if row.data not in ("data", "fine"):
        raise PlanError(f"{place}: data is \"data\" or \"fine\", not {row.data!r}")
    return row


def check_rows(path, rows):
    seen = {}
    for row in rows:
        slug = row.get_slug()
        if not slug or slug in seen:
            raise PlanError(f"{path}: two rows are called '{row.name}'" if slug
                            else f"{path}: the name '{row.name}' has no letters")
        for name in row.get_needed():
            if name not in [other.name for other in seen.values()]:
                raise PlanError(f"{path}: '{row.name}' begins with '{name}', which is no row above it")
        seen[slug] = row


def read(path):
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{path}: {error}") from error
    needed = ["title", "spec", "baseline", "steps", "seeds", "row"]
    check_keys(path, table, [*needed, "paper", "note"])
    for key in needed:
        if key not in table:
            raise PlanError(f"{path}: '{key}' is missing")
    for key in ("title", "spec", "baseline", "paper", "note"):
        check_type(path, key, table.get(key, ""), str, "a string")
    check_type(path, "steps", table["steps"], int, "an integer")
    check_type(path, "seeds", table["seeds"], list, "a list of integers")
    check_type(path, "row", table["row"], list, "a list of rows, each under [[row]]")
    if not table["seeds"] or len(set(map(str, table["seeds"]))) != len(table["seeds"]):
        raise PlanError(f"{path}: seeds are different integers, at least one")
    for seed in table["seeds"]:
        check_type(path, "seeds", seed, int, "a list of integers")
    rows = [read_row(f"{path}: row {index + 1}", row) for index, row in enumerate(table.pop("row"))]
    check_rows(path, rows)
    if table["baseline"] not in [row.name for row in rows if row.table]:
        raise PlanError(f"{path}: the baseline '{table['baseline']}' is no row of the table")
    return Plan(path=path, rows=rows, **table)


def find_file(name, folder):
    """NAME of `folder`, or a path."""
    if name.endswith(".toml") or "/" in name:
        return name
    known = sorted(entry[:-5] for entry in os.listdir(folder) if entry.endswith(".toml"))
    if name not in known:
        raise PlanError(f"there is no experiment '{name}'; there are {', '.join(known)}, or name a .toml file")
    return os.path.join(folder, name + ".toml")

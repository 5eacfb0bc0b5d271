# SPDX-License-Identifier: Apache-2.0
"""make_goldens.py: writes goldens.json, what pandas says of the files beside it."""

import json
import math
import pathlib

import pandas as pd

FOLDER = pathlib.Path(__file__).parent
DIALECTS = {"modechoice.csv": {"sep": ";"}, "anes96.csv": {"sep": "\t", "quotechar": "'"}}
NAMES = {"25%": "p25", "50%": "p50", "75%": "p75"}


def plain(value):
    """A value of pandas as JSON has it; NaN and what is not finite is null."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def profile(frame):
    described = frame.describe(include="all")
    columns = []
    for name in frame.columns:
        column = {"name": name, "count": int(frame[name].count())}
        for row in described.index:
            value = plain(described.loc[row, name])
            if row != "count" and value is not None:
                column[NAMES.get(row, row)] = value
        columns.append(column)
    return columns


def table(frame):
    return {
        "columns": list(frame.columns),
        "rows": [[plain(value) for value in row] for row in frame.itertuples(index=False)],
    }


def by(column, function=None):
    return {"function": function or "count", "column": column}


def queries(read):
    autos, macro, mode = read("autos.csv"), read("macrodata.csv"), read("modechoice.csv")
    fertility = read("fertility.csv")

    def grouped(frame, key, column, function):
        values = frame.groupby(key)[column].agg(function)
        return values.rename(f"{function}({column})").reset_index()

    yield "autos.csv", {"aggregates": [by("loss", "mean")], "group_by": ["make"]}, grouped(
        autos, "make", "loss", "mean"
    )
    yield "autos.csv", {"aggregates": [by("length", "median")], "group_by": ["style"]}, grouped(
        autos, "style", "length", "median"
    )
    top = grouped(autos, "make", "width", "max").sort_values(
        "max(width)", ascending=False, kind="stable"
    )
    plan = {"aggregates": [by("width", "max")], "group_by": ["make"], "limit": 5}
    plan["order"] = {"by": "max(width)", "descending": True}
    yield "autos.csv", plan, top.head(5)
    some = autos[(autos["fuel"] == "gas") & (autos["length"] >= 180)]
    filters = [
        {"column": "fuel", "comparison": "equal", "value": "GAS"},
        {"column": "length", "comparison": "greater_equal", "value": "180"},
    ]
    plan = {"filters": filters, "aggregates": [{"function": "count", "column": None}]}
    yield "autos.csv", plan, pd.DataFrame({"count": [len(some)]})
    plan = {"select": ["year", "quarter", "realgdp"], "limit": 3}
    plan["order"] = {"by": "realgdp", "descending": True}
    best = macro.sort_values("realgdp", ascending=False, kind="stable")
    yield "macrodata.csv", plan, best[["year", "quarter", "realgdp"]].head(3)
    plan = {"aggregates": [by("gc", "sum"), by("gc", "min"), by("gc", "max")]}
    sums = {"sum(gc)": [mode["gc"].sum()], "min(gc)": [mode["gc"].min()]}
    yield "modechoice.csv", plan, pd.DataFrame({**sums, "max(gc)": [mode["gc"].max()]})
    two = autos.groupby(["fuel", "doors"])["length"].mean().rename("mean(length)").reset_index()
    plan = {"aggregates": [by("length", "mean")], "group_by": ["fuel", "doors"]}
    yield "autos.csv", plan, two
    plan = {"aggregates": [by("1960")]}
    plan["filters"] = [{"column": "1961", "comparison": "is_present", "value": ""}]
    present = fertility[fertility["1961"].notna()]["1960"].count()
    yield "fertility.csv", plan, pd.DataFrame({"count(1960)": [present]})


def main():
    def read(name):
        return pd.read_csv(
            FOLDER / name,
            encoding="utf-8-sig",
            low_memory=False,
            **DIALECTS.get(name, {}),
        )

    names = sorted(path.name for path in FOLDER.glob("*.csv"))
    asked = []
    for name, plan, result in queries(read):
        whole = {"filters": [], "group_by": [], "select": [], "limit": 100, **plan}
        asked.append({"file": name, "plan": {"aggregates": [], **whole}, "result": table(result)})
    files = [{"file": n, "rows": len(read(n)), "columns": profile(read(n))} for n in names]
    text = json.dumps({"files": files, "queries": asked}, indent=1, ensure_ascii=False)
    (FOLDER / "goldens.json").write_text(text + "\n")


main()

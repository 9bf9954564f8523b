#!/usr/bin/env python3
"""
xarray decodes what it decodes from the original files, and from the same references through fsspec:
mask, data type, dimensions, coordinates, times, attributes. xarray_python.py CASES_FOLDER GATEWAY_URL
"""

import os

import numpy as np
import xarray as xr
from check import Checks, difference, served

checks = Checks("xarray")


def through_fsspec(folder, target, group):
    """The same references, read by fsspec's own reference file system."""
    os.chdir(folder)  # what relative URLs are relative to
    return xr.open_dataset("reference://", engine="zarr", group=group or None, chunks=None, backend_kwargs={
        "consolidated": False, "storage_options": {
            "fo": os.path.join(folder, target), "remote_protocol": "file", "skip_instance_cache": True}})


def from_files(folder, entry, case):
    """The original files, with the chunks that the references lack masked."""
    files = entry["original"] if isinstance(entry["original"], list) else [entry["original"]]
    parts = [xr.open_dataset(os.path.join(folder, path), engine=entry["engine"], group=entry["group"] or None,
                             chunks=None) for path in files]
    dataset = parts[0] if len(parts) == 1 else xr.concat(parts, "time", data_vars="minimal")
    dataset = dataset.load()
    for array in case["arrays"]:
        for coords in array["missing"]:
            if array["path"] in dataset and "chunks" in array:
                index = tuple(slice(k * c, (k + 1) * c) for k, c in zip(coords, array["chunks"]))
                dataset[array["path"]].values[index] = np.nan
    return dataset


def same(a, b):
    """Whether two attributes are the same; non-finite numbers are their names in Zarr v3."""
    if isinstance(a, (float, np.floating)) and not np.isfinite(a) and isinstance(b, str):
        return b == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(float(a))]
    if isinstance(a, (list, tuple, np.ndarray)) and isinstance(b, (list, tuple, np.ndarray)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, (float, np.floating)) and isinstance(b, (float, np.floating)) and np.isnan(a):
        return bool(np.isnan(b))
    return bool(a == b)


def variable_problem(want, got, attributes):
    """What differs between two decoded variables."""
    if want.dims != got.dims:
        return "dimensions %s, not %s" % (got.dims, want.dims)
    wanted, values = want.values, got.values
    if wanted.dtype.kind in "OSUT":
        wanted = np.array([s.decode() if isinstance(s, bytes) else s for s in wanted.ravel()], object).reshape(wanted.shape)
    if wanted.dtype == object and wanted.size and not isinstance(wanted.ravel()[0], str):
        # Times of another calendar.
        problem = "" if (wanted == values).all() else "other times, first %s" % values.ravel()[0]
    else:
        problem = difference(wanted, values)
    if problem or not attributes:
        return problem
    keys = set(want.attrs) | set(got.attrs)
    wrong = sorted(k for k in keys if k not in want.attrs or k not in got.attrs or not same(want.attrs[k], got.attrs[k]))
    if wrong:
        return "attributes " + ", ".join("%s is %r, not %r" % (k, got.attrs.get(k), want.attrs.get(k)) for k in wrong)
    return ""


def compare(label, wanted, got, skip, attributes):
    """A check for each variable."""
    checks.that(label + " has the variables", "" if set(wanted.variables) - set(skip) == set(got.variables) - set(skip)
                else "%s, not %s" % (sorted(got.variables), sorted(wanted.variables)))
    checks.that(label + " has the coordinates", "" if set(wanted.coords) - set(skip) == set(got.coords) - set(skip)
                else "%s, not %s" % (sorted(got.coords), sorted(wanted.coords)))
    for key in sorted(set(wanted.variables) & set(got.variables) - set(skip)):
        checks.attempt("%s %s" % (label, key), lambda: variable_problem(wanted[key].variable, got[key].variable, attributes))


for name, url, case, folder in served("xarray"):
    for entry in case["xarray"]:
        group, label = entry["group"], "%s/%s" % (name, entry["group"])
        state = {}

        def open_served():
            state["got"] = xr.open_zarr(url, group=group or None, chunks=None)

        checks.attempt(label + " opens", open_served)
        if "got" not in state:
            continue
        if entry["original"]:
            compare(label + " as the files:", from_files(folder, entry, case), state["got"], entry["skip"], False)
        if case["kind"] in ("json", "parquet"):
            # The Parquet index holds the same references as the JSON one.
            compare(label + " as through fsspec:", through_fsspec(folder, case["targets"]["json"], group),
                    state["got"], entry["skip"], True)
    if case["faults"]:
        opened = xr.open_zarr(url, chunks=None, mask_and_scale=False)
        for fault in case["faults"]:
            checks.attempt("%s/%s beside the fault" % (name, fault["path"]), lambda: difference(
                np.array(fault["values"], "<i2"), opened[fault["path"]][slice(*fault["good"])].values))
            checks.refuses("%s/%s raises" % (name, fault["path"]),
                           lambda: opened[fault["path"]][slice(*fault["bad"])].values)
checks.finish()

#!/usr/bin/env python3
"""
GDAL reads every array over /vsicurl, classic and multidimensional: gdal_python.py CASES_FOLDER GATEWAY_URL
"""

import numpy as np
from check import Checks, difference, expected, served
from osgeo import gdal

gdal.UseExceptions()
checks = Checks("gdal")


def arrays_below(group, path=""):
    """Full names of all arrays below a group."""
    found = {(path + "/" + name).lstrip("/") for name in group.GetMDArrayNames() or []}
    for name in group.GetGroupNames() or []:
        found |= arrays_below(group.OpenGroup(name), path + "/" + name)
    return found


def as_gdal(values):
    """The values in the type that GDAL gives to them."""
    if values.dtype == bool:
        return values.astype("u1")
    return values.view("<i8") if values.dtype.kind in "Mm" else values


def nodata_problem(array, node, values):
    """Whether GDAL's nodata is the fill; where the references have none, it is no value of the array."""
    if array.get("fill") is None and values.dtype.kind in "iuf" and "fill" in array:
        return "nodata %r is a value" % node.GetNoDataValue() if np.any(values == node.GetNoDataValue()) else ""
    if array.get("fill") is None or np.dtype(array["dtype"]).kind in "bcMm":
        return ""
    want = np.array(array["fill"]).astype("U").astype(values.dtype) if values.dtype.kind == "f" else int(float(array["fill"])) \
        if values.dtype.itemsize < 8 else int(array["fill"])
    got = node.GetNoDataValue()
    same = got is not None and (np.isnan(want) and np.isnan(got) or values.dtype.type(got) == want)
    return "" if same else "nodata %r, not %r" % (got, want)


for name, url, case, folder in served("gdal"):
    root = {}

    def opened():
        """The root group, opened once."""
        if "it" not in root:
            root["dataset"] = gdal.OpenEx('ZARR:"/vsicurl/%s"' % url, gdal.OF_MULTIDIM_RASTER)
            root["it"] = root["dataset"].GetRootGroup()
        return root["it"]

    def names():
        """Every array of a known type must be visible: GDAL hides what it cannot decode."""
        found = arrays_below(opened())
        lost = {array["path"] for array in case["arrays"] if array["path"]} - found
        return "lost %s" % sorted(lost) if lost else ""

    checks.attempt(name + " lists its arrays", names)
    for array in case["arrays"]:
        values = as_gdal(expected(folder, array))
        rank = len(array["shape"])

        def multidimensional(array=array, values=values):
            path = array["path"] or opened().GetMDArrayNames()[0]
            node = opened().OpenMDArrayFromFullname("/" + path)
            got = node.ReadAsArray()
            if got is None:
                return "cannot be read"
            return difference(values, np.asarray(got).reshape(values.shape)) or nodata_problem(array, node, values)

        checks.attempt("%s/%s multidimensional" % (name, array["path"]), multidimensional)

        def classic(array=array, values=values, rank=rank):
            # Planes of the first two dimensions, last and first; a classic raster has two.
            leading = [0] * (rank - 2)
            for pick in (leading, [n - 1 for n in array["shape"][:-2]]):
                planes = "".join(":%d" % i for i in pick)
                dataset = gdal.Open('ZARR:"/vsicurl/%s":/%s%s' % (url, array["path"], planes))
                problem = difference(values[tuple(pick)], dataset.GetRasterBand(1).ReadAsArray())
                if problem:
                    return planes + " " + problem
            return ""

        if rank >= 2 and array["path"]:
            checks.attempt("%s/%s classic" % (name, array["path"]), classic)
    for fault in case["faults"]:
        rows = lambda key: {"array_start_idx": [fault[key][0], 0], "count": [3, 10]}

        def good():
            node = opened().OpenMDArrayFromFullname("/" + fault["path"])
            return difference(np.array(fault["values"], "<i2"), node.ReadAsArray(**rows("good")))

        # Behind /vsicurl/ GDAL 3.13 streams chunks, and there it takes whatever fails, 5xx and broken
        # connections too, for a missing chunk. It does not stream behind /vsicurl?url=, nor does it
        # pass over a failure that it has warned of, as it does before a retry.
        def bad():
            dataset = gdal.OpenEx('ZARR:"/vsicurl?url=%s"' % url, gdal.OF_MULTIDIM_RASTER)
            return dataset.GetRootGroup().OpenMDArrayFromFullname("/" + fault["path"]).ReadAsArray(**rows("bad"))

        def bad_classic():
            dataset = gdal.Open('ZARR:"/vsicurl?url=%s":/%s' % (url, fault["path"]))
            return dataset.GetRasterBand(1).ReadAsArray(0, fault["bad"][0], 10, 3)

        def bad_retried():
            with gdal.config_options({"GDAL_HTTP_MAX_RETRY": "1", "GDAL_HTTP_RETRY_DELAY": "0.01"}):
                return opened().OpenMDArrayFromFullname("/" + fault["path"]).ReadAsArray(**rows("bad"))

        checks.attempt("%s/%s beside the fault" % (name, fault["path"]), good)
        checks.refuses("%s/%s raises" % (name, fault["path"]), bad)
        checks.refuses("%s/%s raises again" % (name, fault["path"]), bad)
        checks.refuses("%s/%s raises, classic" % (name, fault["path"]), bad_classic)
        checks.refuses("%s/%s raises, with a retry" % (name, fault["path"]), bad_retried)
    root.clear()
checks.finish()

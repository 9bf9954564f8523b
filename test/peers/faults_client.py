#!/usr/bin/env python3
"""
Reads cells of the fault matrix: faults_client.py CELLS_JSON MODE

A cell is {"id", "url", "array", "start", "count"}. For each way of reading it one JSON line is printed:
{"id", "mode", "error"}, or {"id", "mode", "values"}: the first values that were read although they could not be had.
"""

import json
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def tell(cell, mode, read):
    """Prints what came of `read`."""
    try:
        values = np.asarray(read())
        if values.dtype == object:
            raise TypeError("nothing was read, and nothing raised")
        found = {"values": [str(v) for v in values.ravel()[:4]]}
    except Exception as error:
        found = {"error": "%s: %s" % (type(error).__name__, str(error).replace("\n", " ")[:300])}
    print(json.dumps(dict(found, id=cell["id"], mode=mode)), flush=True)


def zarr_python(cells):
    """Every cell by zarr-python, as xarray reads it too."""
    import zarr

    for cell in cells:
        part = tuple(slice(s, s + n) for s, n in zip(cell["start"], cell["count"]))
        tell(cell, "zarr-python", lambda: zarr.open(cell["url"], mode="r")[cell["array"]][part])


def gdal(cells, mode, prefix="/vsicurl/", options={}, classic_too=True):
    """Every cell by GDAL's two interfaces."""
    from osgeo import gdal

    gdal.UseExceptions()
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    for option, value in options.items():
        gdal.SetConfigOption(option, value)
    for cell in cells:
        name = prefix + cell["url"]

        def multidimensional():
            dataset = gdal.OpenEx('ZARR:"%s"' % name, gdal.OF_MULTIDIM_RASTER)
            array = dataset.GetRootGroup().OpenMDArrayFromFullname("/" + cell["array"])
            return array.ReadAsArray(array_start_idx=cell["start"], count=cell["count"])

        def classic():
            dataset = gdal.Open('ZARR:"%s":/%s' % (name, cell["array"]))
            (y, x), (height, width) = cell["start"], cell["count"]
            return dataset.GetRasterBand(1).ReadAsArray(x, y, width, height)

        gdal.VSICurlClearCache()
        tell(cell, mode, multidimensional)
        if len(cell["start"]) == 2 and classic_too:
            gdal.VSICurlClearCache()
            tell(cell, mode, classic)


with open(sys.argv[1]) as file:
    cells, mode = json.load(file), sys.argv[2]
if mode == "zarr-python":
    zarr_python(cells)
elif mode == "GDAL":
    gdal(cells, mode)
elif mode == "GDAL ?url=":
    gdal(cells, mode, prefix="/vsicurl?url=")
elif mode == "GDAL with retries":
    # It waits as long as Retry-After says: one cell of each fault is enough.
    one_each = {cell["fault"]: cell for cell in reversed(cells)}.values()
    gdal(one_each, mode, options={"GDAL_HTTP_MAX_RETRY": "1", "GDAL_HTTP_RETRY_DELAY": "0.01"}, classic_too=False)

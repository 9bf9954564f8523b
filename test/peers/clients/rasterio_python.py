#!/usr/bin/env python3
"""rasterio reads masked rasters over /vsicurl: rasterio_python.py CASES_FOLDER GATEWAY_URL"""

import numpy as np
import rasterio
from check import Checks, difference, expected, served

CASES = ("ocean", "netcdf-basic", "netcdf-groups", "v2-masked", "v2-orders", "zarr-v2-consolidated", "zarr-v3")
checks = Checks("rasterio")
for name, url, case, folder in served("gdal"):
    if case["name"] not in CASES:
        continue
    for array in case["arrays"]:
        rank = len(array["shape"])
        if rank < 2 or not array["path"]:
            continue

        def masked(array=array, rank=rank):
            values = expected(folder, array)
            pick = [n - 1 for n in array["shape"][:-2]]
            with rasterio.open('ZARR:"/vsicurl/%s":/%s%s' % (url, array["path"], "".join(":%d" % i for i in pick))) as raster:
                got, nodata = raster.read(1, masked=True), raster.nodata
            want = values[tuple(pick)]
            problem = difference(want, got.data)
            if problem or array.get("fill") is None or values.dtype.kind == "b":
                return problem
            fill = np.float64(array["fill"]).astype(values.dtype)
            if nodata is None or not (np.isnan(fill) and np.isnan(nodata) or values.dtype.type(nodata) == fill):
                return "nodata %r, not %r" % (nodata, fill)
            cells = np.isnan(want) if np.isnan(fill) else want == fill
            if want.dtype.kind == "f":
                cells |= np.isnan(want)
            wrong = int((cells != np.ma.getmaskarray(got)).sum())
            return "%d cells are masked otherwise" % wrong if wrong else ""

        checks.attempt("%s/%s" % (name, array["path"]), masked)
checks.finish()

#!/usr/bin/env python3
"""
GDAL reads behind /vsicurl?list_dir=no&url=, where it takes 404, and nothing else, for a missing chunk:
icechunk_clients_gdal.py CASES_FOLDER GATEWAY_URL
"""

import os
import sys
from urllib.parse import quote

# The module that the clients share.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))

import numpy as np
from check import Checks, difference, expected, served
from osgeo import gdal

gdal.UseExceptions()
checks = Checks("gdal ?list_dir=no")
for name, url, case, folder in served("gdal"):
    # The URL is escaped once more: names of versions have escapes of their own.
    store = 'ZARR:"/vsicurl?list_dir=no&url=%s"' % quote(url, safe="")
    root = gdal.OpenEx(store, gdal.OF_MULTIDIM_RASTER).GetRootGroup()
    for array in case["arrays"]:
        values = expected(folder, array)

        def multidimensional(array=array, values=values):
            got = root.OpenMDArrayFromFullname("/" + array["path"]).ReadAsArray()
            return difference(values, np.asarray(got).reshape(values.shape))

        def classic(array=array, values=values):
            last = [n - 1 for n in array["shape"][:-2]]
            dataset = gdal.Open("%s:/%s%s" % (store, array["path"], "".join(":%d" % i for i in last)))
            return difference(values[tuple(last)], dataset.GetRasterBand(1).ReadAsArray())

        checks.attempt("%s/%s multidimensional" % (name, array["path"]), multidimensional)
        if len(array["shape"]) >= 2:
            checks.attempt("%s/%s classic" % (name, array["path"]), classic)
    for fault in case["faults"]:
        node = root.OpenMDArrayFromFullname("/" + fault["path"])
        rows = lambda key: node.ReadAsArray(array_start_idx=[fault[key][0], 0], count=[3, 10])
        checks.attempt("%s/%s beside the fault" % (name, fault["path"]),
                       lambda: difference(np.array(fault["values"], "<i2"), rows("good")))
        checks.refuses("%s/%s raises" % (name, fault["path"]), lambda: rows("bad"))

        def read_classic():
            dataset = gdal.Open("%s:/%s" % (store, fault["path"]))
            return dataset.GetRasterBand(1).ReadAsArray(0, fault["bad"][0], 10, 3)

        checks.refuses("%s/%s raises, classic" % (name, fault["path"]), read_classic)
checks.finish()

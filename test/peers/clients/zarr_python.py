#!/usr/bin/env python3
"""zarr-python reads every array, bit for bit: zarr_python.py CASES_FOLDER GATEWAY_URL"""

import numpy as np
import zarr
from check import Checks, difference, expected, served

checks = Checks("zarr-python")
for name, url, case, folder in served("zarr-python"):
    root = {}

    def opened():
        """The dataset's root, opened once and without a hint at its format."""
        if "it" not in root:
            root["it"] = zarr.open(url, mode="r")
        return root["it"]

    def names():
        """Every array must be found without knowing its name, and no other."""
        group = opened()
        if isinstance(group, zarr.Array):
            return ""
        found = {path for path, node in group.members(max_depth=None) if isinstance(node, zarr.Array)}
        wanted = {array["path"] for array in case["arrays"] if array["tier"] != "native"}
        hidden = set(array["path"] for array in case["faults"])
        return "lost %s" % sorted(wanted - found) if wanted - found else \
            "strange %s" % sorted(found - wanted - hidden) if found - wanted - hidden else ""

    checks.attempt(name + " lists its arrays", names)
    for array in case["arrays"]:
        if array["tier"] == "native":
            # No tier serves it: the group says why, and ~native has it.
            checks.attempt("%s/%s is left out" % (name, array["path"]), lambda array=array: ""
                           if array["path"] + ": " in opened().attrs["sluice:left_out"] else "not named")
            continue

        def values(array=array):
            node = opened() if array["path"] == "" else opened()[array["path"]]
            if node.metadata.zarr_format != 3:
                return "Zarr version %d" % node.metadata.zarr_format
            want = expected(folder, array)
            # Times are counts there, and what they count is an attribute.
            return difference(want.view("<i8") if want.dtype.kind in "Mm" else want, node[...])

        checks.attempt("%s/%s" % (name, array["path"]), values)
    # The other views, on the same arrays: the source's own codecs in v3, and Zarr v2.
    for view, version in (("~native", 3), ("~v2", 2)):
        def in_view(array, view=view, version=version):
            if view not in root:
                root[view] = zarr.open(url + view, mode="r", zarr_format=version)
            node = root[view] if array["path"] == "" else root[view][array["path"]]
            return difference(expected(folder, array), node[...])

        for array in case["arrays"]:
            if not case["views"] or {2: "v2", 3: "native"}[version] in array["skip"]:
                continue
            checks.attempt("%s%s/%s" % (name, view, array["path"]), lambda array=array: in_view(array))
    for fault in case["faults"]:
        def good(fault=fault):
            return difference(np.array(fault["values"], "<i2"), opened()[fault["path"]][slice(*fault["good"])])

        checks.attempt("%s/%s beside the fault" % (name, fault["path"]), good)
        checks.refuses("%s/%s raises" % (name, fault["path"]),
                       lambda fault=fault: opened()[fault["path"]][slice(*fault["bad"])])
checks.finish()

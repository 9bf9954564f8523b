"""
Reads every variable of a dataset whole: xarray.py gateway URL | fsspec REFERENCES.
Prints one line of JSON: seconds to open and to read, and the sum that the values have.
"""

import json
import sys
import time
import warnings

import xarray as xr

warnings.filterwarnings("ignore")
way, target = sys.argv[1:3]
start = time.perf_counter()
if way == "gateway":
    dataset = xr.open_zarr(target, chunks=None)
else:
    dataset = xr.open_dataset(
        "reference://", engine="zarr", chunks=None,
        backend_kwargs={"consolidated": False, "storage_options": {
            "fo": target, "remote_protocol": "http", "asynchronous": True, "remote_options": {"asynchronous": True}}})
opened = time.perf_counter()
total = 0
for name in sorted(dataset.data_vars):
    total += int(dataset[name].values.sum(dtype="u8"))
print(json.dumps({"open": opened - start, "read": time.perf_counter() - opened, "sum": total}))

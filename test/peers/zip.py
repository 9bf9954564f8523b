"""Zipped Zarr stores that zarr-python and zipfile write, and what clients read of them through the gateway.

write FOLDER           writes the zips, and expected.json: what zarr-python reads of the stores unzipped
check FOLDER BASE_URL  compares xarray, zarr-python and GDAL
"""

import importlib.util
import json
import sys
import warnings

import numpy as np
import xarray as xr
import zarr

warnings.filterwarnings("ignore")


def check(folder, url):
    from osgeo import gdal

    gdal.UseExceptions()
    expected = json.load(open(f"{folder}/expected.json"))
    compared, wrong = 0, []
    for file, version in expected["files"].items():
        name = file.replace(".", "-")
        base = f"{url}/{name}"
        for path, array in expected["arrays"][str(version)].items():
            values = np.array(array["values"]).reshape(array["shape"])
            is_left_out = path == "sharded" and "stored" not in file
            # ~native of an array of two encodings refuses the chunks that have the other one
            views = {"": 3, "~native": 3, "~v2": 2}
            for view, zarr_format in views.items():
                is_shard = path == "sharded"
                if (is_left_out and view != "~native") or (is_shard and view == "~v2"):
                    continue
                if view == "~native" and "zip64" in file:
                    continue
                if view == "~v2" and "zip64" in file:
                    continue
                try:
                    group = zarr.open_group(f"{base}{view}", mode="r", zarr_format=zarr_format)
                    got = np.asarray(group[path][...]).astype("float64")
                    if not np.array_equal(got, values):
                        wrong.append(f"{base}{view}/{path}: zarr-python")
                except Exception as fault:
                    wrong.append(f"{base}{view}/{path}: {type(fault).__name__} {str(fault)[:200]}")
                compared += 1
            if is_left_out:
                root = zarr.open_group(base, mode="r")
                if path in root or path not in root.attrs["sluice:left_out"]:
                    wrong.append(f"{base}/{path} is not left out")
                continue
            try:
                if path != "scalar":
                    opened = gdal.OpenEx(f'ZARR:"/vsicurl/{base}/"', gdal.OF_MULTIDIM_RASTER).GetRootGroup()
                    got = opened.OpenMDArrayFromFullname("/" + path).ReadAsArray().astype("float64")
                    if not np.array_equal(got, values):
                        wrong.append(f"{base}/{path}: GDAL")
                    compared += 1
                got = zarr.open_array(f"{base}/{path}", mode="r", zarr_format=3)[...]
                if not np.array_equal(np.asarray(got).astype("float64"), values):
                    wrong.append(f"{base}/{path}: zarr-python, the array alone")
                compared += 1
            except Exception as fault:
                wrong.append(f"{base}/{path}: {type(fault).__name__} {str(fault)[:200]}")
    for file in expected["xarray"]:
        want = xr.open_zarr(f"{folder}/{file['store']}", consolidated=False).load()
        for view, zarr_format in (("", 3), ("~v2", 2)):
            try:
                got = xr.open_zarr(f"{url}/{file['name']}{view}", zarr_format=zarr_format).load()
                xr.testing.assert_identical(got.drop_attrs(), want.drop_attrs())
                for variable in want.variables:
                    assert got[variable].dtype == want[variable].dtype, variable
            except Exception as fault:
                wrong.append(f"{file['name']}{view}: xarray {type(fault).__name__} {str(fault)[:300]}")
            compared += 1
    print(f"{compared} compared, {len(wrong)} differences")
    print("\n".join(wrong))
    return 1 if wrong else 0


def write(folder):
    spec = importlib.util.spec_from_file_location("make", f"{folder}/make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    made = make.make(folder)
    expected = {"files": made, "arrays": {str(version): make.arrays(version) for version in (2, 3)}, "xarray": []}
    # times, masks, text, a fill value that is data: what xarray makes of a store
    values = np.where(np.arange(60).reshape(5, 12) % 7 == 0, np.nan, np.arange(60).reshape(5, 12) / 4)
    times = np.array("2024-01-01", "datetime64[ns]") + np.arange(5) * np.timedelta64(6, "h")
    dataset = xr.Dataset(
        {"t": (("time", "x"), values, {"units": "K"}), "n": (("time",), np.arange(5, dtype="int16"))},
        coords={"time": times, "x": np.arange(12) * 0.5},
    )
    encoding = {"t": {"dtype": "int16", "scale_factor": 0.25, "add_offset": 1.0, "_FillValue": -99, "chunks": (2, 5)}}
    for version in (2, 3):
        store = f"xarray_v{version}.zarr"
        dataset.to_zarr(f"{folder}/{store}", zarr_format=version, encoding=encoding)
        for name, method in make.METHODS.items():
            with make.zipfile.ZipFile(f"{folder}/xarray_v{version}_{name}.zip", "w", method) as archive:
                for source, member in make.members(f"{folder}/{store}"):
                    archive.write(source, f"{store}/{member}")
            expected["xarray"].append({"store": store, "name": f"xarray_v{version}_{name}-zip"})
            made_name = f"xarray_v{version}_{name}.zip"
            expected.setdefault("others", []).append(made_name)
    json.dump(expected, open(f"{folder}/expected.json", "w"))
    print(json.dumps({"files": [*made, *expected["others"]]}))


if __name__ == "__main__":
    command, folder, *rest = sys.argv[1:]
    sys.exit(write(folder) if command == "write" else check(folder, *rest))

"""A Zarr v3 store of arrays that strict clients refuse beside arrays that they read, and what they see of it.

    left_out.py write FOLDER    writes store/
    left_out.py check URL       opens the gateway's view of it with zarr-python, xarray and GDAL
"""

import json
import os
import sys
import tempfile
import warnings

import numpy as np

VALUES = np.arange(1, 9, dtype="<i2").reshape(2, 4)
ARRAY = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [2, 4],
    "data_type": "int16",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 4]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    "fill_value": 0,
    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    "attributes": {},
    "dimension_names": ["y", "x"],
}
REFUSED = {
    "codec": {"codecs": [{"name": "numcodecs.grib"}]},
    "type": {"data_type": "float8_e4m3"},
    "grid": {
        "chunk_grid": {
            "name": "rectilinear",
            "configuration": {"kind": "inline", "chunk_shapes": [[2], [1, 3]]},
        }
    },
    "fill": {"data_type": "int8", "fill_value": 999},
    "transformed": {"storage_transformers": [{"name": "x"}]},
    "impossible": {"shape": [-2, 4]},
    "number#1": {},
    "no codecs": {"codecs": None},
}
MAPPED = {"attributes": {"grid_mapping": "crs"}}


def write(folder):
    # CF's parameters without WKT: nothing but the order of the nodes makes GDAL see it.
    mapping = {
        "grid_mapping_name": "transverse_mercator",
        "longitude_of_central_meridian": 3.0,
        "latitude_of_projection_origin": 0.0,
        "scale_factor_at_central_meridian": 0.9996,
        "false_easting": 500000.0,
        "false_northing": 0.0,
        "semi_major_axis": 6378137.0,
        "inverse_flattening": 298.257223563,
    }
    nodes = {
        "Albedo": MAPPED,
        "crs": {"attributes": mapping, "shape": [], "dimension_names": [],
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": []}}},
        "plain": {},
        "two words": {},
        "Data Fields/inner": {},
        "Data Fields/two words": {},
        **REFUSED,
        "group/plain": {},
        "group/codec": REFUSED["codec"],
    }
    groups = ["", "Data Fields", "group"]
    metadata = {name: {"zarr_format": 3, "node_type": "group"} for name in groups}
    for name, more in nodes.items():
        merged = {key: value for key, value in {**ARRAY, **more}.items() if value is not None}
        metadata[name] = merged
        chunk = "c" if merged["shape"] == [] else "c/0/0"
        path = "%s/store/%s/%s" % (folder, name, chunk)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        VALUES.tofile(path) if merged["shape"] else VALUES[0, :1].tofile(path)
    for name, document in metadata.items():
        with open("%s/store/%s/zarr.json" % (folder, name), "w") as file:
            json.dump(document, file)


def check(url):
    """Exits with an assertion where a client misses what it can read, or reads another value."""
    warnings.simplefilter("ignore")
    import xarray
    import zarr

    group = zarr.open_group(url, mode="r")
    shown = sorted(name for name, _ in group.members(max_depth=None))
    assert shown == sorted(
        ["Albedo", "crs", "plain", "two words", "group", "group/plain", "Data Fields",
         "Data Fields/inner", "Data Fields/two words"]), shown
    left_out = group.attrs["sluice:left_out"]
    for name in [*REFUSED, "group/codec"]:
        assert name + ": " in left_out, (name, left_out)
    assert group["group"].attrs["sluice:left_out"].startswith("codec: ")
    for name in ["Albedo", "plain", "two words", "group/plain", "Data Fields/two words"]:
        assert np.array_equal(group[name][:], VALUES), name
    print("zarr-python: %d nodes" % len(shown))

    tree = xarray.open_datatree(url, engine="zarr")
    for name in ["Albedo", "plain", "two words", "group/plain", "Data Fields/inner"]:
        assert np.array_equal(tree[name].values, VALUES), name
    with tempfile.TemporaryDirectory() as folder:
        tree["group"].to_dataset().to_netcdf(folder + "/out.nc")
    print("xarray: left-out names can be written to NetCDF")

    from osgeo import gdal

    gdal.UseExceptions()
    opened = gdal.OpenEx('ZARR:"/vsicurl/%s"' % url, gdal.OF_MULTIDIM_RASTER).GetRootGroup()
    crs = opened.OpenMDArray("Albedo").GetSpatialRef()
    assert crs is not None, "GDAL: no CRS for Albedo"
    assert crs.GetProjParm("central_meridian") == 3.0, crs.ExportToWkt()
    read = 0
    for inner in [opened, opened.OpenGroup("group"), opened.OpenGroup("Data%20Fields")]:
        for name in inner.GetMDArrayNames():
            if name == "crs":
                continue
            values = inner.OpenMDArray(name).ReadAsArray()
            assert np.array_equal(values, VALUES), "GDAL: %s is %s" % (name, values)
            read += 1
    assert read == 6, read
    print("GDAL: its CRS, %d arrays, names with spaces among them" % read)


{"write": write, "check": check}[sys.argv[1]](*sys.argv[2:])

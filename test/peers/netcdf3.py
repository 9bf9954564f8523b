"""NetCDF-3 files by netCDF-C and SciPy, and the same read by xarray of the file and through a gateway.

    python3 netcdf3.py write FOLDER SEED
    python3 netcdf3.py check FOLDER URL ID…

`check` prints a line for each difference, then how much was compared. What zarrita is compared with
stands in FOLDER/ID.json.
"""

import json
import sys
import warnings

import netCDF4
import numpy as np
import xarray as xr
import zarr
from osgeo import gdal
from scipy.io import netcdf_file

warnings.filterwarnings("ignore")
gdal.UseExceptions()
gdal.PushErrorHandler("CPLQuietErrorHandler")
CLASSIC = ["i1", "i2", "i4", "f4", "f8"]
FORMATS = {
    "cdf1": ("NETCDF3_CLASSIC", CLASSIC),
    "cdf2": ("NETCDF3_64BIT_OFFSET", CLASSIC),
    "cdf5": ("NETCDF3_64BIT_DATA", CLASSIC + ["u1", "u2", "u4", "i8", "u8"]),
}
FILLS = ["none", "own", "missing", "both"]


def values(random, shape, kind):
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        return random.normal(size=shape).astype(dtype)
    info = np.iinfo(dtype)
    return random.integers(info.min, info.max, shape, dtype, endpoint=True)


def variable(file, random, name, kind, dims, fill):
    """A variable a third of whose cells are missing."""
    marker = np.dtype(kind).type(99)
    made = file.createVariable(name, kind, dims, fill_value=marker if fill in ("own", "both") else None)
    made.set_auto_maskandscale(False)
    if fill in ("missing", "both"):
        made.missing_value = np.dtype(kind).type(77)
    shape = [4 if d == "time" else len(file.dimensions[d]) for d in dims]
    data = values(random, shape, kind)
    data[random.random(shape) < 0.3] = marker
    data[random.random(shape) < 0.2] = np.dtype(kind).type(77)
    made[...] = data
    return made


def attributes(file, kinds):
    file.title = "Größe"
    file.empty = ""
    for kind in kinds:
        setattr(file, "one_" + kind, np.array([7], kind))
        setattr(file, "many_" + kind, np.array([1, 2, 3], kind))


def by_netcdf(folder, seed):
    for form, (library, kinds) in FORMATS.items():
        for fill in FILLS:
            random = np.random.default_rng([seed, len(form), FILLS.index(fill)])
            # many record variables
            name = "%s_%s_many" % (form, fill)
            with netCDF4.Dataset("%s/%s.nc" % (folder, name), "w", format=library) as file:
                attributes(file, kinds)
                dims = {"time": None, "y": 5, "x": 3, "letters": 7}
                for key, length in dims.items():
                    file.createDimension(key, length)
                time = file.createVariable("time", random.choice(["i4", "f8"]), ("time",))
                time.units = "hours since 1990-03-01 06:00"
                time.calendar = str(random.choice(["standard", "noleap"]))
                time[:] = np.arange(4) * 6
                file.createVariable("x", "f4", ("x",))[:] = [1, 2, 3]
                for kind in kinds:
                    variable(file, random, "fixed_" + kind, kind, ("y", "x"), fill)
                    variable(file, random, "records_" + kind, kind, ("time", "x"), fill)
                    variable(file, random, "series_" + kind, kind, ("time",), fill)
                    variable(file, random, "deep_" + kind, kind, ("time", "y", "x"), fill).coordinates = "time x"
                    file.createVariable("unwritten_" + kind, kind, ("time", "y"))
                packed = variable(file, random, "packed", "i2", ("time", "y"), fill)
                packed.scale_factor = 0.25
                packed.add_offset = -4.0
                byte = variable(file, random, "unsigned", "i1", ("y", "x"), "none")
                byte._Unsigned = "true"
                file.createVariable("scalar", "f8", ())[...] = 2.5
                text = file.createVariable("names", "S1", ("y", "letters"))
                text[:] = netCDF4.stringtochar(np.array(["one", "", "seven77", "a b", "x"], "S7"))
                text = file.createVariable("records_names", "S1", ("time", "letters"))
                text[:] = netCDF4.stringtochar(np.array(["one", "", "seven77", "a b"], "S7"))
            yield name
            # one record variable: no padding
            for kind in kinds + ["S1"]:
                name = "%s_%s_one_%s" % (form, fill, kind)
                with netCDF4.Dataset("%s/%s.nc" % (folder, name), "w", format=library) as file:
                    file.createDimension("time", None)
                    file.createDimension("x", 3)
                    if kind == "S1":
                        file.createVariable("data", "S1", ("time", "x"))[:] = np.array([list("abc"), list("def"), list("ghi")], "S1")
                    else:
                        variable(file, random, "data", kind, ("time", "x"), fill)
                        variable(file, random, "beside", kind, ("x",), fill)
                yield name


def by_scipy(folder, seed):
    for version in (1, 2):
        for count in (0, 1, 2, 5):
            random = np.random.default_rng([seed, version, count])
            # Of no records SciPy writes places that netCDF-C refuses.
            for records in (0, 1, 6) if count < 2 else (1, 6):
                name = "scipy%d_%d_%d" % (version, count, records)
                with netcdf_file("%s/%s.nc" % (folder, name), "w", version=version) as file:
                    file.history = "by SciPy"
                    file.createDimension("time", None)
                    file.createDimension("x", 5)
                    file.createVariable("fixed", "i2", ("x",))[:] = np.arange(5)
                    for i in range(count):
                        kind = ["i1", "i2", "i4", "f4", "f8"][(i + records) % 5]
                        made = file.createVariable("v%d" % i, kind, ("time", "x") if i % 2 == 0 else ("time",))
                        made.units = "m"
                        shape = (records, 5) if i % 2 == 0 else (records,)
                        if records:
                            made[:] = values(random, shape, kind)
                yield name


def large(folder):
    """A fixed variable and records over 16 MB, which are served in parts."""
    with netCDF4.Dataset("%s/large.nc" % folder, "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.createDimension("time", None)
        file.createDimension("y", 2100)
        file.createDimension("x", 2100)
        grid = np.arange(2100 * 2100, dtype="i4").reshape(2100, 2100)
        file.createVariable("fixed", "i4", ("y", "x"))[:] = grid
        file.createVariable("records", "i4", ("time", "y", "x"))[:] = np.stack([grid, -grid])
        file.createVariable("series", "i2", ("time",))[:] = [3, 4]
    return "large"


def write(folder, seed):
    names = [*by_netcdf(folder, seed), *by_scipy(folder, seed), large(folder)]
    for name in names:
        with netCDF4.Dataset("%s/%s.nc" % (folder, name)) as file:
            file.set_auto_maskandscale(False)
            numbers = {key: np.asarray(v[...]) for key, v in file.variables.items() if v.dtype.kind in "iuf" and v.size < 10000}
            with open("%s/%s.json" % (folder, name), "w") as out:
                json.dump({key: [list(v.shape), [repr(float(x)) if v.dtype.kind == "f" else str(int(x)) for x in v.ravel()]] for key, v in numbers.items()}, out)
    print(json.dumps(names))


compared = {"raw": 0, "datasets": 0, "attributes": 0, "gdal": 0, "scipy": 0}
problems = 0


def differs(where, what):
    global problems
    problems += 1
    if problems < 100:
        print("DIFFERS %s: %s" % (where, what), flush=True)


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def same(a, b):
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "OUS" or b.dtype.kind in "OUS":
        return [text(x) for x in a.ravel()] == [text(x) for x in b.ravel()]
    return a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=") and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def check_raw(path, url, where):
    root = zarr.open_group(url, mode="r", zarr_format=3)
    gdal_root = gdal.OpenEx('ZARR:"/vsicurl?list_dir=no&url=%s"' % url, gdal.OF_MULTIDIM_RASTER).GetRootGroup()
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        file.set_auto_chartostring(False)
        if set(root.array_keys()) != set(file.variables):
            differs(where, "has %s" % sorted(root.array_keys()))
        for item, node in [(file, root)] + [(v, root[k]) for k, v in file.variables.items()]:
            for key in item.ncattrs():
                if key in ("_FillValue", "missing_value"):
                    continue
                compared["attributes"] += 1
                theirs, ours = item.getncattr(key), node.attrs.get(key)
                if ours is None or not np.array_equal(np.ravel(theirs), np.ravel(ours)) or \
                        np.asarray(theirs).dtype.kind.replace("u", "i") != np.asarray(ours).dtype.kind.replace("u", "i"):
                    differs(where, "attribute %s is %r, not %r" % (key, ours, theirs))
        for key, item in file.variables.items():
            data = np.asarray(item[...])
            compared["raw"] += 1
            if not same(data, np.asarray(root[key][...])):
                differs(where, "%s is %s" % (key, np.asarray(root[key][...]).ravel()[:5]))
            if data.dtype.kind not in "iuf" or data.size == 0:
                continue
            array = gdal_root.OpenMDArray(key)
            if array is None:
                differs(where, "GDAL has no %s" % key)
                continue
            got = np.asarray(array.ReadAsArray()).reshape(data.shape)
            compared["gdal"] += 1
            if not np.array_equal(data, got.astype(data.dtype.newbyteorder("=")), equal_nan=data.dtype.kind == "f"):
                differs(where, "%s by GDAL is %s, not %s" % (key, got.ravel()[:5], data.ravel()[:5]))


def check_xarray(path, url, where, engine):
    for decode in (True, False):
        options = dict(mask_and_scale=decode, decode_times=decode, decode_coords=decode)
        theirs = xr.open_dataset(path, engine=engine, **options)
        ours = xr.open_zarr(url, chunks=None, consolidated=True, **options)
        place = "%s %s %s" % (where, engine, "decoded" if decode else "raw")
        if set(theirs.variables) != set(ours.variables) or set(theirs.coords) != set(ours.coords):
            differs(place, "variables %s, coordinates %s" % (list(ours.variables), list(ours.coords)))
        for name in set(theirs.variables) & set(ours.variables):
            a, b = theirs.variables[name], ours.variables[name]
            compared["datasets"] += 1
            if a.dims != b.dims or not same(np.asarray(a.values), np.asarray(b.values)):
                differs(place, "%s is %s %s %s, not %s %s %s" % (name, b.dims, b.dtype, b.values.ravel()[:5], a.dims, a.dtype, a.values.ravel()[:5]))


def is_scipys(path):
    """False where SciPy fails on what netCDF-C wrote: records of one variable, which nothing fills up."""
    try:
        netcdf_file(path, mmap=False).close()
        compared["scipy"] += 1
        return True
    except ValueError:
        return False


def check(folder, url, names):
    for name in names:
        path, served = "%s/%s.nc" % (folder, name), "%s/%s" % (url, name)
        check_raw(path, served, name)
        check_xarray(path, served, name, "netcdf4")
        if not name.startswith("cdf5") and is_scipys(path):
            check_xarray(path, served, name, "scipy")
    print(json.dumps({**compared, "problems": problems}))


if sys.argv[1] == "write":
    write(sys.argv[2], int(sys.argv[3]))
else:
    check(sys.argv[2], sys.argv[3], sys.argv[4:])

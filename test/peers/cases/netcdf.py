"""NetCDF4 files by netCDF4, referenced by kerchunk: the archives that Sluice exists for."""

import netCDF4
import numpy as np
from kerchunk.hdf import SingleHdf5ToZarr

from .case import Case


def translate(path, url, **options):
    """kerchunk's references of one file; a dataset that it cannot take is an error here."""
    with open(path, "rb") as file:
        return SingleHdf5ToZarr(file, url, error="raise", **options).translate()["refs"]


def stored(path, group, name):
    """A variable's values as they are stored: no mask, no scale."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        file.set_auto_chartostring(False)
        return (file[group] if group else file)[name][...]


def basic(out):
    """One flat file with every CF encoding that archives use."""
    case = Case(out, "netcdf-basic")
    random = np.random.default_rng(11)
    path = case.path("data.nc")
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({"title": "Häufig", "Conventions": "CF-1.11", "levels": np.arange(3, dtype="i2"),
                        "resolution": np.float32(0.1), "nothing": np.float64(np.nan)})
        for name, length in (("time", None), ("y", 7), ("x", 11), ("letters", 6), ("none", None)):
            file.createDimension(name, length)
        shape = (5, 7, 11)

        def variable(name, kind, dims, values=None, attributes=None, **options):
            made = file.createVariable(name, kind, dims, **options)
            made.set_auto_maskandscale(False)
            made.set_auto_chartostring(False)
            made.setncatts(attributes or {})
            if values is not None:
                made[...] = values

        variable("time", "f8", ("time",), np.arange(5) * 30.5, {
            "units": "days since 2001-01-01 12:00:00", "calendar": "noleap", "standard_name": "time"})
        variable("y", "f4", ("y",), np.linspace(60, 30, 7), {"units": "degrees_north"})
        variable("x", ">f8", ("x",), np.linspace(-10, 0, 11), {"units": "degrees_east"}, endian="big")
        packed = random.integers(-3000, 3000, shape).astype("i2")
        packed[random.random(shape) < 0.2] = -32768
        variable("packed", "i2", ("time", "y", "x"), packed, {
            "scale_factor": 0.1, "add_offset": 273.15, "units": "K"},
            chunksizes=(2, 4, 6), zlib=True, shuffle=True, fill_value=-32768)
        packed_float = random.integers(0, 250, shape).astype("u1")
        variable("packed_f4", "u1", ("time", "y", "x"), packed_float, {
            "scale_factor": np.float32(0.5), "add_offset": np.float32(-4)},
            chunksizes=(2, 4, 6), zlib=True, shuffle=False, fill_value=255)
        nan = random.normal(size=shape).astype("f4")
        nan[random.random(shape) < 0.2] = np.nan
        variable("nan_fill", "f4", ("time", "y", "x"), nan,
                 chunksizes=(2, 3, 5), zlib=True, shuffle=False, fill_value=np.float32(np.nan))
        huge = random.normal(size=shape)
        huge[random.random(shape) < 0.2] = 1e20
        variable("huge_fill", "f8", ("time", "y", "x"), huge,
                 chunksizes=(2, 3, 5), zlib=True, shuffle=True, fill_value=1e20)
        counts = random.integers(-5, 5, shape).astype("i4")
        counts[random.random(shape) < 0.2] = -9999
        variable("counts", "i4", ("time", "y", "x"), counts, chunksizes=(1, 7, 4), fill_value=-9999)
        variable("flags", "u1", ("time", "y", "x"), random.integers(0, 255, shape), {
            "flag_values": np.array([0, 1], "u1")}, chunksizes=(2, 3, 5))
        variable("big", ">i4", ("time", "y", "x"), random.integers(-2**31, 2**31, shape),
                 chunksizes=(2, 3, 5), zlib=True, shuffle=True, endian="big")
        variable("big_fill", ">f4", ("time", "y", "x"), np.where(np.isnan(nan), -999, nan),
                 chunksizes=(2, 3, 5), zlib=True, shuffle=True, endian="big", fill_value=-999.0)
        variable("contiguous", "i2", ("y", "x"), random.integers(-2**15, 2**15, shape[1:]), contiguous=True)
        variable("big_contiguous", ">f8", ("y", "x"), random.normal(size=shape[1:]), contiguous=True, endian="big")
        variable("record", "i8", ("time",), 2**60 + np.arange(5, dtype="i8"), zlib=True, shuffle=True)
        both = random.normal(size=shape[1:]).astype("f4")
        both[2] = -999
        variable("missing_both", "f4", ("y", "x"), both, {"missing_value": np.float32(-999)},
                 zlib=True, fill_value=-999.0)
        variable("missing_only", "f4", ("y", "x"), both, {"missing_value": np.float32(-999)}, zlib=True)
        variable("unsigned", "i1", ("y", "x"), random.integers(-128, 128, shape[1:]), {"_Unsigned": "true"},
                 zlib=True, fill_value=-1)
        variable("whole_scale", "i2", ("y", "x"), random.integers(-99, 99, shape[1:]), {
            "scale_factor": 2, "add_offset": 1}, zlib=True)
        variable("lead", "i4", ("y",), np.arange(7), {"units": "hours"}, zlib=True)
        variable("crs", "i4", (), 7, {"grid_mapping_name": "latitude_longitude"})
        variable("none", "f4", ("none",))
        variable("station", "S1", ("y", "letters"),
                 netCDF4.stringtochar(np.array([b"Bergen"[:i] for i in range(7)], "S6")), zlib=True)
        full = {name: stored_dtype(made) for name, made in file.variables.items()}

    refs = translate(path, "data.nc", inline_threshold=0)
    missing = {"packed": (1, 0, 1), "nan_fill": (0, 2, 1), "huge_fill": (2, 1, 2), "counts": (3, 0, 1)}
    chunks = {"packed": (2, 4, 6), "nan_fill": (2, 3, 5), "huge_fill": (2, 3, 5), "counts": (1, 7, 4)}
    fills = {"packed": -32768, "nan_fill": np.nan, "huge_fill": 1e20, "counts": -9999}
    for name, coords in missing.items():
        del refs["%s/%s" % (name, ".".join(map(str, coords)))]
    for name in full:
        if name == "none":
            continue  # kerchunk leaves out a scale that has no chunk
        values = stored(path, "", name)
        if name in missing:
            index = tuple(slice(c * n, (c + 1) * n) for c, n in zip(missing[name], chunks[name]))
            values = values.copy()
            values[index] = fills[name]
        zlib = name in ("packed", "packed_f4", "nan_fill", "huge_fill", "big", "big_fill", "record")
        case.expect(name, values, tier="frame" if zlib else None, fill=fills.get(name),
                    missing=[missing[name]] if name in missing else [], chunks=chunks.get(name),
                    skip=["gdal", "zarrita"] if values.dtype.kind == "S" else [])
    case.references(refs)
    # kerchunk itself gives the scalar a fill, and forgets that the scale was a float32.
    case.decoded("data.nc", skip=["none", "crs", "packed_f4"])
    return case


def stored_dtype(variable):
    """A variable's dtype; netCDF4 says `str` for strings."""
    return str(variable.dtype)


def groups(out):
    """Nested groups with arrays at each level, and dimensions of the parent."""
    case = Case(out, "netcdf-groups")
    random = np.random.default_rng(12)
    path = case.path("data.nc")
    with netCDF4.Dataset(path, "w") as file:
        for name, length in (("y", 6), ("x", 9)):
            file.createDimension(name, length)
            made = file.createVariable(name, "f8", (name,))
            made[:] = np.arange(length) * 0.25
        for group, levels in (("ocean", 2), ("ocean/deep", 3), ("air", 4)):
            folder = file.createGroup(group)
            folder.note = "in " + group
            folder.createDimension("z", levels)
            z = folder.createVariable("z", "i4", ("z",))
            z[:] = np.arange(levels)
            made = folder.createVariable("temp", "i2", ("z", "y", "x"), chunksizes=(1, 4, 5), zlib=True, fill_value=-1)
            made.scale_factor = 0.5
            made.set_auto_maskandscale(False)
            made[:] = random.integers(-1, 100, (levels, 6, 9))
    case.references(translate(path, "data.nc", inline_threshold=0))
    for group in ("", "ocean", "ocean/deep", "air"):
        for name in ("z", "temp") if group else ("y", "x"):
            case.expect((group + "/" + name).lstrip("/"), stored(path, group, name),
                        tier="frame" if name == "temp" else None)
        case.decoded(None, group)
    return case


def inlined(out):
    """Small chunks within the index, as text and as base64; variable-length strings, a scalar."""
    case = Case(out, "netcdf-inline")
    path = case.path("data.nc")
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", 4)
        for name, kind, values in (("letters", "i1", [72, 69, 89, 33]), ("numbers", "f8", [0.5, 1, 2, 1e300])):
            file.createVariable(name, kind, ("n",))[:] = values
        file.createVariable("squeezed", "i4", ("n",), zlib=True, shuffle=True, fill_value=-1)[:] = [3, 1, 2, 5]
        words = file.createVariable("words", str, ("n",))
        words[:] = np.array(["", "sea", "Øresund", "海"], dtype=object)
        file.createVariable("one", "f4", ())[...] = 0.25
    case.references(translate(path, "data.nc", inline_threshold=10_000))
    for name in ("letters", "numbers", "squeezed", "one"):
        case.expect(name, stored(path, "", name))
    case.expect("words", stored(path, "", "words"), skip=["gdal"])
    case.decoded("data.nc")
    return case


def write(out):
    """Every case of this module."""
    return [basic(out), groups(out), inlined(out)]

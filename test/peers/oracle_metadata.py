"""Zarr v2 stores written by zarr-python, and xarray's and GDAL's reading of their v3 translations.

    oracle_metadata.py write DIR      DIR/v2/<case>: one v2 group for each case
    oracle_metadata.py compare DIR    DIR/v3/<case> (translated) and DIR/back/<case> (v2 again) against it

`compare` prints JSON: {case: [what differs]}. xarray on the v2 store is the oracle.
"""

import glob
import json
import os
import sys
import warnings

import numcodecs
import numpy as np
import xarray as xr
import zarr

warnings.simplefilter("ignore")
zarr.config.set({"array.write_empty_chunks": True})

NAN = float("nan")
INF = float("inf")
KEEP = object()
SEED = np.random.default_rng(20240229)
GRID = np.arange(12).reshape(3, 4)


def case(data, fill=KEEP, attrs=None, dims=None, zarray=None, absent=(), gdal=True, portable=True, **create):
    """One array. `fill` and `zarray` are written into .zarray as JSON, `attrs` into .zattrs."""
    return dict(data=np.asarray(data), fill=fill, attrs=attrs or {}, dims=dims, zarray=zarray or {},
                absent=absent, gdal=gdal, portable=portable, create=create)


def holes(dtype, hole):
    data = GRID.astype(dtype)
    data[0, 1] = hole
    data[2, 3] = hole
    return data


def cases():
    c = {}
    # Numeric types in both byte orders, fill values as a writer sets them.
    for kind in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        for order in "<>":
            if kind[1] == "1" and order == ">":
                continue
            name = {"<": "little", ">": "big"}[order]
            c[f"{kind}_{name}"] = case(holes(order + kind, 99), fill=99)
            if kind in ("i2", "i4", "f4", "f8"):
                c[f"{kind}_{name}_null"] = case(holes(order + kind, 99), fill=None)
    for kind in ["c8", "c16"]:
        for order in "<>":
            c[f"{kind}_{order == '>' and 'big' or 'little'}"] = case(
                (GRID + 1j * GRID).astype(order + kind), fill=[5.0, 5.0])
    c["c8_nan"] = case((GRID + 1j).astype("c8"), fill=["NaN", 0.0], gdal=False)
    c["c8_null"] = case((GRID + 1j).astype("c8"), fill=None)
    c["c8_attr"] = case(GRID.astype("c8"), fill=None, attrs={"_FillValue": 3.0})

    # Fill values at the edges.
    c["f4_nan"] = case(holes("f4", NAN), fill="NaN")
    c["f8_nan"] = case(holes("f8", NAN), fill="NaN")
    c["f4_inf"] = case(holes("f4", INF), fill="Infinity")
    c["f4_minus_inf"] = case(holes("f4", -INF), fill="-Infinity")
    c["f4_rounded"] = case(holes("f4", -9999.9), fill=-9999.9)
    c["f2_rounded"] = case(holes("f2", 1.1), fill=1.1)
    c["f4_zero"] = case(GRID.astype("f4"), fill=0.0)
    c["f4_minus_zero"] = case(GRID.astype("f4"), fill=-0.0)
    c["f4_text"] = case(holes("f4", -5), fill="-5.0")
    c["f4_huge"] = case(holes("f4", 9.969209968386869e36), fill=9.969209968386869e36)
    c["i8_max"] = case(holes("i8", 2**63 - 1), fill=2**63 - 1)
    c["i8_min"] = case(holes("i8", -(2**63)), fill=-(2**63))
    c["i8_over_2_53"] = case(np.array([[2**53, 2**53 + 1], [1, 2**53 + 2]], "i8"), fill=2**53 + 1)
    c["u8_max"] = case(holes("u8", 2**64 - 1), fill=2**64 - 1, gdal=False)
    c["u8_netcdf"] = case(holes("u8", 18446744073709551614), fill=18446744073709551614, gdal=False)
    c["i2_as_float"] = case(holes("i2", -99), fill=-99.0)
    c["i2_as_text"] = case(holes("i2", -99), fill="-99")
    c["bool_false"] = case(GRID % 2 == 0, fill=False)
    c["bool_true"] = case(GRID % 2 == 0, fill=True)
    c["bool_null"] = case(GRID % 2 == 0, fill=None)
    c["bool_attr"] = case(GRID % 2 == 0, fill=None, attrs={"_FillValue": 0})
    c["bool_attr_two"] = case(GRID % 2 == 0, fill=None, attrs={"_FillValue": 2})
    c["i1_bool"] = case((GRID % 2).astype("i1"), fill=None, attrs={"dtype": "bool"})

    # Absent chunks hold the fill value.
    c["absent_fill"] = case(holes("i2", -1), fill=-1, absent=["0.0"])
    c["absent_null"] = case(holes("i2", -1), fill=None, absent=["0.0"])
    c["absent_null_attr"] = case(holes("i2", -1), fill=None, absent=["0.0"], attrs={"_FillValue": -1})
    c["absent_null_missing"] = case(holes("f4", -1), fill=None, absent=["0.0"], attrs={"missing_value": -1})
    c["absent_nan"] = case(holes("f4", NAN), fill="NaN", absent=["0.0"])
    c["absent_float_null"] = case(holes("f4", 3), fill=None, absent=["0.0"])

    # Packed data, as kerchunk gives them.
    pack = {"scale_factor": 0.01, "add_offset": 273.15}
    c["packed_i2"] = case(holes("<i2", -32768), fill=-32768, attrs=pack)
    c["packed_i2_big"] = case(holes(">i2", -32768), fill=-32768, attrs=pack)
    c["packed_i4"] = case(holes("<i4", -9999), fill=-9999, attrs=pack)
    c["packed_u1"] = case(holes("u1", 255), fill=255, attrs={"scale_factor": 0.5})
    c["packed_offset_only"] = case(holes("i2", -1), fill=-1, attrs={"add_offset": 10.0})
    c["packed_int_scale"] = case(holes("i2", -1), fill=-1, attrs={"scale_factor": 10, "add_offset": 0})
    c["packed_null"] = case(holes("i2", -1), fill=None, attrs=pack)
    c["packed_list"] = case(holes("i2", -1), fill=-1, attrs={"scale_factor": [0.5], "add_offset": [1.0]})
    c["packed_missing"] = case(holes("i2", -1), fill=None, attrs={**pack, "missing_value": -1})
    c["packed_missing_nan"] = case(holes("i2", -1), fill=None, attrs={**pack, "missing_value": NAN})
    c["packed_f4"] = case(holes("f4", 7), fill=7, attrs=pack)
    c["packed_f4_null"] = case(holes("f4", 7), fill=None, attrs=pack)
    c["packed_f4_nan"] = case(holes("f4", NAN), fill="NaN", attrs=pack)
    c["packed_f4_missing_nan"] = case(holes("f4", NAN), fill=None, attrs={**pack, "missing_value": NAN})
    c["packed_f4_fill_attr_nan"] = case(holes("f4", NAN), fill=None, attrs={**pack, "_FillValue": NAN})
    c["packed_absent"] = case(holes("i2", -1), fill=-1, attrs=pack, absent=["0.0"])

    # _FillValue in .zattrs beside a null fill value, in each spelling.
    for name, dtype, value in [
        ("i2", "i2", -5), ("i2_float", "i2", -5.0), ("i2_fraction", "i2", -5.5), ("i2_list", "i2", [-5]),
        ("i2_two", "i2", [-5, 3]), ("i2_text", "i2", "-5"), ("i2_nan", "i2", NAN), ("i2_null", "i2", None),
        ("i2_true", "i2", True), ("i2_inf", "i2", INF), ("u1_out_of_range", "u1", -999), ("f4", "f4", -5.0), ("f4_int", "f4", -5),
        ("f4_list", "f4", [-5.0]), ("f4_two", "f4", [-5.0, 3.0]), ("f4_nan", "f4", NAN), ("f4_null", "f4", None),
        ("f4_inf", "f4", INF), ("f4_text", "f4", "-5.0"), ("f4_base64", "f4", "AAAAAAAAFMA="), ("f4_word", "f4", "none"), ("f4_nan_list", "f4", [NAN, -5.0]),
        ("f8", "f8", -5.0), ("f2", "f2", -5.0), ("i8", "i8", -5),
    ]:
        hole = INF if value == INF and dtype[0] == "f" else 251 if dtype == "u1" else -5
        c["attr_" + name] = case(holes(dtype, hole), fill=None, attrs={"_FillValue": value})
    c["attr_f4_unrounded"] = case(holes("f4", -9999.9), fill=None, attrs={"_FillValue": -9999.9})
    c["attr_loses"] = case(holes("i2", -5), fill=7, attrs={"_FillValue": -5})
    c["attr_i8_exact"] = case(holes("i8", 2**53 + 1), fill=None, attrs={"_FillValue": 2**53 + 1})

    # missing_value, alone and beside a fill value.
    for name, dtype, fill, value in [
        ("i2", "i2", None, -5), ("i2_and_fill", "i2", 7, -5), ("i2_same", "i2", -5, -5), ("i2_list", "i2", None, [-5]),
        ("i2_nan", "i2", None, NAN), ("i2_nan_and_fill", "i2", -5, NAN), ("i2_word", "i2", None, "none"),
        ("i2_list_nan", "i2", None, [NAN, -5]), ("f4", "f4", None, -5.0), ("f4_nan", "f4", None, NAN),
        ("f4_nan_and_fill", "f4", -5.0, NAN), ("f4_inf", "f4", None, INF), ("f4_inf_and_fill", "f4", -5.0, INF),
        ("f4_list_nan", "f4", None, [-5.0, NAN]), ("bool_nan", "?", None, NAN),
    ]:
        data = GRID % 2 == 0 if dtype == "?" else holes(dtype, INF if value == INF else -5)
        c["missing_" + name] = case(data, fill=fill, attrs={"missing_value": value})
    c["missing_and_attr"] = case(holes("i2", -5), fill=None, attrs={"_FillValue": 3, "missing_value": -5})
    c["missing_and_attr_two"] = case(holes("i2", -5), fill=None, attrs={"_FillValue": [3, 4], "missing_value": -5})

    # Unsigned data in signed types, and the other way.
    c["unsigned_true"] = case(np.array([[-1, 1], [2, -3]], "i1"), fill=-1, attrs={"_Unsigned": "true"})
    c["unsigned_false"] = case(np.array([[255, 1], [2, 253]], "u1"), fill=255, attrs={"_Unsigned": "false"})
    c["unsigned_packed"] = case(np.array([[-1, 1], [2, -3]], "i2"), fill=-1,
                                attrs={"_Unsigned": "true", "scale_factor": 0.1})

    # Times.
    c["time_i8"] = case(np.arange(6), fill=None, attrs={"units": "days since 1970-01-01"})
    c["time_i4_fill"] = case(np.array([0, 1, -999], "i4"), fill=-999, attrs={"units": "hours since 2000-01-01 00:00:00"})
    c["time_f8_nan"] = case(np.array([0.5, 1.25, NAN]), fill="NaN", attrs={"units": "days since 1970-01-01", "calendar": "standard"})
    c["time_f8_fill"] = case(np.array([0.5, 1.25, 1e20]), fill=1e20, attrs={"units": "days since 1970-01-01"})
    c["time_noleap"] = case(np.arange(59, 62), fill=None, attrs={"units": "days since 2000-01-01", "calendar": "noleap"})
    c["time_360"] = case(np.arange(59, 62), fill=-1, attrs={"units": "days since 2000-01-01", "calendar": "360_day"})
    c["time_i8_attr"] = case(np.array([0, 1, -9]), fill=None, attrs={"units": "seconds since 1970-01-01", "_FillValue": -9})
    c["time_delta"] = case(np.arange(4), fill=None, attrs={"units": "days", "dtype": "timedelta64[ns]"})
    for unit in ["ns", "us", "ms", "s", "m", "h", "D", "60s", "24h", "1000ns"]:
        for letter in "Mm":
            for order in "<>":
                counts = np.array([0, 1, -5, 20000, -(2**63), 90000, 3, -2])
                c[f"{letter}8_{unit}_{order == '>' and 'big' or 'little'}"] = case(
                    counts.astype(f"{order}i8").view(f"{order}{letter}8[{unit}]"), fill=None)
    for unit in ["Y", "M", "W", "25s", "10ms", "ps"]:
        c[f"untellable_{unit}"] = case(np.arange(4).astype(f"<M8[{unit}]"), fill=None, gdal=False)
    c["datetime64_exact"] = case(np.array([2**62 + 1, 2**62 + 2, 5]).view("M8[ns]"), fill=None)
    c["datetime64_attributes"] = case(np.arange(4).astype("M8[s]"), fill=None, attrs={"long_name": "t", "axis": "T"})
    c["timedelta64_attributes"] = case(np.arange(4).astype("m8[s]"), fill=None, attrs={"long_name": "t", "calendar": "noleap"})
    c["datetime64_big"] = case(np.arange(4).astype(">M8[ns]"), fill=2)
    c["datetime64_nat"] = case(np.array(["NaT", "2020-01-01"], "M8[s]"), fill="NaT")
    c["datetime64_absent"] = case(np.arange(4).astype("M8[ns]"), fill="NaT", absent=["0"], chunks=(2,))
    c["datetime64_absent_number"] = case(np.arange(4).astype("M8[D]"), fill=9, absent=["0"], chunks=(2,))

    # Text and bytes.
    words = np.array(["a", "", "ccc", "d"])
    c["u3"] = case(words.astype("<U3"), fill="", gdal=False)
    c["u3_big"] = case(words.astype(">U3"), fill=None, gdal=False)
    c["u3_fill"] = case(words.astype("<U3"), fill="ccc", gdal=False)
    c["u3_attr"] = case(words.astype("<U3"), fill=None, attrs={"_FillValue": "a"}, gdal=False)
    c["u3_fill_and_missing"] = case(words.astype("<U3"), fill="ccc", attrs={"missing_value": "a"}, gdal=False)
    c["s3_null"] = case(words.astype("S3"), fill=None, gdal=False)
    c["s3_fill"] = case(words.astype("S3"), fill="Y2Nj", gdal=False)
    c["s3_attr"] = case(words.astype("S3"), fill=None, attrs={"_FillValue": "a"}, gdal=False)
    c["s1_chars"] = case(np.array([list(b"ab"), list(b"cd")], "u1").view("S1"), fill=None, dims=["x", "string2"], gdal=False)
    c["raw_v4"] = case(GRID.astype("u4").view("V4"), fill=None, gdal=False)
    text = np.array(["snow", "", "größe", "d"], dtype=np.dtypes.StringDType())
    c["vlen"] = case(text, fill="", gdal=False)
    c["vlen_null"] = case(text, fill=None, gdal=False)
    c["vlen_zero"] = case(text, fill=0, gdal=False)
    c["vlen_fill"] = case(text, fill="snow", gdal=False)
    c["vlen_attr"] = case(text, fill=None, attrs={"_FillValue": "snow"}, gdal=False)
    c["vlen_zstd"] = case(text, fill=None, compressors=numcodecs.Zstd(), gdal=False)

    # Shapes and orders.
    c["scalar"] = case(np.array(7, "i4"), fill=None, dims=[])
    c["scalar_masked"] = case(np.array(7.0, "f8"), fill=7, dims=[])
    c["order_f"] = case(holes("f4", -5), fill=-5, order="F")
    c["order_f_3d"] = case(np.arange(60, dtype=">i2").reshape(3, 4, 5), fill=0, order="F", chunks=(2, 3, 5), dims=["t", "y", "x"])
    c["order_f_1d"] = case(np.arange(5, dtype="i2"), fill=0, order="F")
    c["order_f_zlib"] = case(holes("f4", -5), fill=-5, order="F", compressors=numcodecs.Zlib(), gdal=False, portable=False)
    c["odd_edges"] = case(np.arange(35, dtype="i4").reshape(5, 7), fill=-1, chunks=(2, 3))
    c["long_chunk"] = case(np.arange(5, dtype="i4"), fill=-1, chunks=(512,))
    c["empty"] = case(np.zeros((0, 4), "i2"), fill=-1, zarray={"chunks": [0, 4]}, gdal=False)
    c["slash_separator"] = case(np.arange(35, dtype="i4").reshape(5, 7), fill=-1, chunks=(2, 3), zarray={"dimension_separator": "/"})

    # Codecs: zarr-python reads those of numcodecs too.
    c["zstd"] = case(holes("i2", -1), fill=-1, compressors=numcodecs.Zstd(3))
    c["zstd_checksum"] = case(holes("i2", -1), fill=-1, compressors=numcodecs.Zstd(3, checksum=True))
    c["gzip"] = case(holes("i2", -1), fill=-1, compressors=numcodecs.GZip(5))
    for shuffle in [-1, 0, 1, 2]:
        c[f"blosc_{shuffle}"] = case(holes(">f4", -1), fill=-1, compressors=numcodecs.Blosc("zstd", 3, shuffle))
    c["blosc_lz4"] = case(holes("f8", -1), fill=-1, compressors=numcodecs.Blosc())
    c["zlib"] = case(holes("i2", -1), fill=-1, compressors=numcodecs.Zlib(4), gdal=False, portable=False)
    c["shuffle_zlib"] = case(holes(">i2", -1), fill=-1, filters=[numcodecs.Shuffle(2)], compressors=numcodecs.Zlib(4), gdal=False, portable=False)
    c["both_in_filters"] = case(holes("i2", -1), fill=-1, filters=[numcodecs.Shuffle(2), numcodecs.Zlib(4)], gdal=False, portable=False)
    c["fletcher32"] = case(holes("i2", -1), fill=-1, filters=[numcodecs.Shuffle(2), numcodecs.Zlib(4), numcodecs.Fletcher32()], gdal=False, portable=False)
    c["delta"] = case(holes("<i4", -1), fill=-1, filters=[numcodecs.Delta("<i4")], compressors=numcodecs.Zstd(), gdal=False, portable=False)
    c["fixedscaleoffset"] = case(GRID.astype("<f8"), fill=None, filters=[numcodecs.FixedScaleOffset(0, 10, "<f8", "<i2")], compressors=numcodecs.Zstd(), gdal=False, portable=False)
    c["fixedscaleoffset_big"] = case(GRID.astype("<f8"), fill=None, filters=[numcodecs.FixedScaleOffset(0, 10, "<f8", ">i2")], gdal=False, portable=False)
    c["lz4"] = case(holes("i2", -1), fill=-1, compressors=numcodecs.LZ4(), gdal=False, portable=False)
    c["bz2"] = case(holes("i2", -1), fill=-1, compressors=numcodecs.BZ2(), gdal=False, portable=False)

    # Attributes that mean nothing to the decoding.
    c["attributes"] = case(holes("i2", -1), fill=-1, attrs={
        "long_name": "größe", "valid_range": [0, 10], "nested": {"a": [1, None]}, "__proto__": 1, "_nczarr_attr": {}})
    return c


def write(root):
    for name, spec in cases().items():
        data = spec["data"]
        create = {"compressors": None, "filters": None, **spec["create"]}
        if data.dtype.kind == "T":
            create["filters"] = [numcodecs.VLenUTF8()]
        create.setdefault("chunks", tuple(max(1, (n + 1) // 2) for n in data.shape))
        path = f"{root}/v2/{name}"
        group = zarr.create_group(path, zarr_format=2)
        dims = ["y", "x"][-data.ndim:] if spec["dims"] is None else spec["dims"]
        slash = spec["zarray"].get("dimension_separator") == "/"
        if slash:
            create["chunk_key_encoding"] = {"name": "v2", "separator": "/"}
        array = group.create_array("v", shape=data.shape, dtype=data.dtype, **create)
        if data.size:
            array[...] = data
        for key in spec["absent"]:
            os.remove(f"{path}/v/{key}")
        with open(f"{path}/v/.zarray") as file:
            zarray = json.load(file)
        if spec["fill"] is not KEEP:
            zarray["fill_value"] = spec["fill"]
        zarray.update(spec["zarray"])
        with open(f"{path}/v/.zarray", "w") as file:
            json.dump(zarray, file)
        with open(f"{path}/v/.zattrs", "w") as file:
            json.dump({"_ARRAY_DIMENSIONS": dims, **spec["attrs"]}, file)  # bare NaN, as Python writes it
        with open(f"{path}/.zattrs", "w") as file:
            json.dump({"title": name}, file)


def same(a, b):
    """Equality of values from metadata and cells: NaN equals NaN, a list of one its element."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.kind in "OTUS" or b.dtype.kind in "OTUS":
        def plain(x):
            return [None if isinstance(v, float) and v != v else v for v in x.ravel().tolist()]
        return a.shape == b.shape and plain(a) == plain(b)
    if a.dtype.kind in "fc" or b.dtype.kind in "fc":
        return np.array_equal(a, b, equal_nan=True)
    if a.dtype.kind in "mM":
        return np.array_equal(a, b, equal_nan=True)
    return np.array_equal(a, b)


def native(dtype):
    """Without the byte order: v3 has none in its data type, and a reader's arrays are native."""
    return dtype.newbyteorder("=") if isinstance(dtype, np.dtype) and dtype.kind != "T" else dtype


def decoded(path, zarr_format):
    with xr.open_zarr(path, consolidated=zarr_format == 3, zarr_format=zarr_format, chunks=None) as dataset:
        return dataset.load()


IGNORED_ATTRS = {"missing_value", "_FillValue"}
COMPARED_ENCODING = ["dtype", "scale_factor", "add_offset", "units", "calendar", "_Unsigned"]


def differences(want, got):
    found = []
    if want.attrs != got.attrs:
        found.append(f"group attributes {want.attrs} != {got.attrs}")
    if "v" not in got.variables:
        return found + ["the array is not found"]
    a, b = want["v"], got["v"]
    if a.dims != b.dims:
        found.append(f"dims {a.dims} != {b.dims}")
    # Times have one resolution in the source and one, by xarray's choice, as CF tells them.
    times = a.dtype.kind in "mM" and a.dtype.kind == b.dtype.kind
    if native(a.dtype) != native(b.dtype) and not times:
        found.append(f"dtype {a.dtype} != {b.dtype}")
    if not same(a.values, b.values):
        found.append(f"values {a.values.tolist()} != {b.values.tolist()}")
    if not same(a.isnull().values, b.isnull().values):
        found.append("mask")
    attrs = [{k: v for k, v in x.attrs.items() if k not in IGNORED_ATTRS} for x in (a, b)]
    if attrs[0] != attrs[1]:
        found.append(f"attributes {attrs[0]} != {attrs[1]}")
    for key in [] if times and "units" not in a.encoding else COMPARED_ENCODING:
        left, right = a.encoding.get(key), b.encoding.get(key)
        if key == "dtype":
            left, right = native(left), native(right)
        if str(left) != str(right):
            found.append(f"encoding {key} {left} != {right}")
    return found


def gdal_differences(v2, v3):
    from osgeo import gdal
    gdal.UseExceptions()
    raw = zarr.open_array(v2 + "/v", mode="r", zarr_format=2)
    want = raw[...]
    group = gdal.OpenEx(f'ZARR:"{v3}"', gdal.OF_MULTIDIM_RASTER).GetRootGroup()
    if "v" not in group.GetMDArrayNames():
        return ["GDAL does not list the array"]
    array = group.OpenMDArray("v")
    found = []
    got = array.ReadAsArray()
    if want.dtype.kind in "bmM":
        want = want.view("u1" if want.dtype.kind == "b" else want.dtype.str.replace("M", "i").replace("m", "i")[:3])
    if not same(np.squeeze(np.asarray(want)), np.squeeze(np.asarray(got))):
        found.append(f"GDAL values {np.asarray(want).tolist()} != {np.asarray(got).tolist()}")
    nodata = array.GetNoDataValue()
    # A null fill is no value of the data, but where the attributes name what is missing.
    if raw.fill_value is None and raw.dtype.kind in "iuf" and np.any(raw[...] == nodata):
        named = [np.ravel(raw.attrs.get(name, [])).tolist() for name in ("_FillValue", "missing_value")]
        if nodata not in sum(named, []):
            found.append(f"GDAL takes the value {nodata} for nodata")
    if raw.fill_value is not None and raw.dtype.kind not in "cmM":
        if nodata is None or not same(float(raw.fill_value), float(nodata)):
            found.append(f"GDAL nodata {raw.fill_value} != {nodata}")
    return found


def compare(root):
    report = {}
    for name, spec in cases().items():
        found = report[name] = []
        v2 = f"{root}/v2/{name}"
        try:
            want = decoded(v2, 2)
        except Exception as error:
            found.append(f"xarray cannot read the v2 store itself: {error!r}")
            continue
        try:
            found += differences(want, decoded(f"{root}/v3/{name}", 3))
        except Exception as error:
            found.append(f"xarray cannot read the v3 store: {error!r}")
        if spec["portable"]:
            try:
                found += ["v2 again: " + text for text in differences(want, decoded(f"{root}/back/{name}", 2))]
            except Exception as error:
                found.append(f"xarray cannot read the v2 store made of the v3 store: {error!r}")
        if spec["gdal"]:
            try:
                found += gdal_differences(v2, f"{root}/v3/{name}")
            except Exception as error:
                found.append(f"GDAL cannot read the v3 store: {error!r}")
    print(json.dumps(report))


if __name__ == "__main__":
    {"write": write, "compare": compare}[sys.argv[1]](sys.argv[2])

"""HDF5 files by h5py, netCDF4, h5netcdf and h5repack: every layout, filter, type and writer's habit, from a seed.

    python3 hdf5_write.py FOLDER SEED

Writes files into FOLDER, and their names into FOLDER/files.json.
"""

import json
import os
import subprocess
import sys

import h5py
import netCDF4
import numcodecs
import numpy as np
import xarray as xr

FOLDER, SEED = sys.argv[1], int(sys.argv[2])
os.makedirs(FOLDER, exist_ok=True)
LIBVERS = [("earliest", "latest"), ("v108", "v108"), ("v110", "v110"), ("v112", "v112"), ("v114", "v114"), ("latest", "latest")]
random = np.random.default_rng(SEED)
files = []


def path(name):
    files.append(name)
    return os.path.join(FOLDER, name)


def noise(shape, kind):
    dtype = np.dtype(kind)
    count = int(np.prod(shape))
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = random.integers(info.min, info.max, count, dtype=dtype.newbyteorder("="), endpoint=True)
    elif dtype.kind == "f":
        values = np.round(random.normal(size=count) * 100, 2)
        if count > 3:
            values[:3] = [np.nan, np.inf, -0.0]
    elif dtype.kind == "c":
        values = random.normal(size=count) + 1j * random.normal(size=count)
    elif dtype.kind == "b":
        values = random.random(count) < 0.5
    else:
        raise ValueError(kind)
    return values.reshape(shape).astype(dtype)


def smooth(shape, kind):
    count = int(np.prod(shape))
    return (np.arange(count) % 97).reshape(shape).astype(kind)


def filtered(file, name, data, chunks, filters):
    """A dataset with any filters, in order: (id, parameters)."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(chunks)
    for number, parameters in filters:
        if number == 4:
            plist.set_szip(*parameters)
        elif number == 6:
            plist.set_scaleoffset(*parameters)
        else:
            plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL if number > 255 else 0, tuple(parameters))
    space = h5py.h5s.create_simple(data.shape)
    dataset = h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(data.dtype, logical=True), space, plist)
    h5py.Dataset(dataset)[...] = data


def direct(file, name, data, chunks, number, parameters, encode):
    """A dataset whose filter is not installed: chunks encoded by another library, written as they are."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(chunks)
    plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, tuple(parameters))
    dataset = h5py.Dataset(h5py.h5d.create(
        file.id, name.encode(), h5py.h5t.py_create(data.dtype), h5py.h5s.create_simple(data.shape), plist))
    for index in np.ndindex(*[-(-n // c) for n, c in zip(data.shape, chunks)]):
        chunk = np.zeros(chunks, data.dtype)
        place = tuple(slice(i * c, min((i + 1) * c, n)) for i, c, n in zip(index, chunks, data.shape))
        part = data[place]
        chunk[tuple(slice(0, n) for n in part.shape)] = part
        dataset.id.write_direct_chunk(tuple(i * c for i, c in zip(index, chunks)), encode(chunk))
    np.save(os.path.join(FOLDER, "%s.%s.npy" % (os.path.basename(file.filename), name)), data)


FILTERS = [
    {}, {"compression": "gzip"}, {"shuffle": True, "compression": "gzip"}, {"compression": "lzf"},
    {"shuffle": True, "compression": "lzf", "fletcher32": True}, {"fletcher32": True},
    {"shuffle": True, "compression": "gzip", "fletcher32": True}, {"shuffle": True},
]


def layouts(libver, tag):
    """Every chunk index and layout."""
    with h5py.File(path("layout_%s.h5" % tag), "w", libver=libver) as file:
        file["contiguous"] = noise((7, 5), ">i4")
        file["scalar"] = 3.25
        file["none"] = np.zeros((0, 4), "f4")
        file.create_dataset("unwritten", (6, 4), "f4")
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        made = h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_INT16, h5py.h5s.create_simple((5, 3)), compact)
        h5py.Dataset(made)[...] = noise((5, 3), "i2")
        early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        early.set_chunk((3, 4))
        early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        made = h5py.h5d.create(file.id, b"implicit", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((7, 9)), early)
        h5py.Dataset(made)[...] = noise((7, 9), "i4")
        for i, filters in enumerate(FILTERS):
            for name, shape, chunks, most in (
                ("single", (4, 6), (4, 6), None), ("fixed", (7, 9), (3, 4), None), ("many", (60, 50), (2, 2), None),
                ("beyond", (3,), (8,), (None,)), ("extensible", (7, 9), (3, 4), (None, 9)),
                ("second", (4, 30), (3, 2), (4, None)), ("tree", (7, 9), (3, 4), (None, None)),
                ("bounded", (5, 5), (2, 3), (20, 11)),
            ):
                if i > 2 and name in ("many", "beyond"):
                    continue
                made = file.create_dataset("%s_%d" % (name, i), shape, "<i2", chunks=chunks, maxshape=most, **filters)
                data = noise(shape, "<i2")
                if i == 1:  # holes
                    made[: shape[0] // 2] = data[: shape[0] // 2]
                else:
                    made[...] = data
        grown = file.create_dataset("grown", (40,), "i4", chunks=(4,), maxshape=(None,), data=np.arange(40))
        grown.resize((9,))
        long = file.create_dataset("long", (5000,), "i2", chunks=(1,), maxshape=(None,))
        long[...] = np.arange(5000)


def masks(libver, tag):
    """Chunks that skip some of their filters; edges that are not filtered."""
    import zlib
    with h5py.File(path("masks_%s.h5" % tag), "w", libver=libver) as file:
        data = smooth((8, 6), "<i4")
        made = file.create_dataset("masked", (8, 6), "<i4", chunks=(4, 3), shuffle=True, compression="gzip")
        chunks = {index: np.ascontiguousarray(data[index[0]:index[0] + 4, index[1]:index[1] + 3])
                  for index in ((0, 0), (0, 3), (4, 0), (4, 3))}
        shuffled = lambda chunk: chunk.view("u1").reshape(-1, 4).T.tobytes()
        made.id.write_direct_chunk((0, 0), zlib.compress(shuffled(chunks[0, 0])), 0)
        made.id.write_direct_chunk((0, 3), zlib.compress(chunks[0, 3].tobytes()), 1)
        made.id.write_direct_chunk((4, 0), shuffled(chunks[4, 0]), 2)
        made.id.write_direct_chunk((4, 3), chunks[4, 3].tobytes(), 3)
        if tag in ("v110", "v112", "v114", "latest"):
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_chunk((4, 4))
            plist.set_shuffle()
            plist.set_deflate(5)
            if hasattr(plist, "set_chunk_opts"):
                plist.set_chunk_opts(2)
            edge = h5py.h5d.create(file.id, b"edges", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((6, 7)), plist)
            h5py.Dataset(edge)[...] = smooth((6, 7), "i4")


def plugins(libver, tag):
    """Filters beyond HDF5's own."""
    with h5py.File(path("plugins_%s.h5" % tag), "w", libver=libver) as file:
        for kind in ("<i4", ">f8", "<u2", "u1", "<f4"):
            for make in (smooth, noise):
                data = make((40, 33), kind)
                name = "%s_%s" % (kind.replace("<", "l").replace(">", "b"), make.__name__)
                size = data.dtype.itemsize
                chunks = (16, 20)
                filtered(file, "bz2_" + name, data, chunks, [(307, [9])])
                filtered(file, "lz4_" + name, data, chunks, [(32004, [0])])
                filtered(file, "lz4_small_" + name, data, chunks, [(2, [size]), (32004, [100])])
                filtered(file, "bshuf_" + name, data, chunks, [(32008, [0, 0])])
                filtered(file, "bshuf_lz4_" + name, data, chunks, [(32008, [0, 2])])
                filtered(file, "bshuf_lz4_64_" + name, data, (16, 7), [(32008, [64, 2])])
                filtered(file, "blosc_" + name, data, chunks, [(32001, [0, 0, 0, 0, 5, 1, 0])])
                filtered(file, "blosc_lz4_" + name, data, chunks, [(32001, [0, 0, 0, 0, 5, 2, 1])])
                filtered(file, "blosc_zlib_" + name, data, chunks, [(32001, [0, 0, 0, 0, 5, 0, 4])])
                direct(file, "zstd_" + name, data, chunks, 32015, [3], numcodecs.Zstd(3).encode)
                if kind != "<f4" or make is smooth:
                    filtered(file, "szip_nn_" + name, data, chunks, [(4, (h5py.h5z.SZIP_NN_OPTION_MASK, 8))])
                    filtered(file, "szip_ec_" + name, data, chunks, [(4, (h5py.h5z.SZIP_EC_OPTION_MASK, 16))])
                    filtered(file, "szip_odd_" + name, data, (7, 11), [(4, (h5py.h5z.SZIP_NN_OPTION_MASK, 32))])
        for kind in ("<i4", ">i4", "<i2", "u1", "<u8", "<i8", "<u4"):
            small = (random.integers(0, 900, (40, 33)) % 200 + 5).astype(kind)
            file.create_dataset("scale_" + kind[-2:] + ("b" if kind[0] == ">" else ""), data=small, chunks=(16, 20), scaleoffset=0)
            file.create_dataset("scale_fill_" + kind[-2:] + ("b" if kind[0] == ">" else ""), data=small, chunks=(16, 20), scaleoffset=0, fillvalue=7, shuffle=True, compression="gzip")
            file.create_dataset("scale_noise_" + kind[-2:] + ("b" if kind[0] == ">" else ""), data=noise((40, 33), kind), chunks=(16, 20), scaleoffset=0)
            file.create_dataset("scale_same_" + kind[-2:] + ("b" if kind[0] == ">" else ""), data=np.full((9, 9), 42, kind), chunks=(4, 4), scaleoffset=0)
        for kind in ("<f4", "<f8", ">f4", ">f8"):
            data = np.round(random.normal(size=(40, 33)) * 100, 3).astype(kind)
            for digits in (0, 2, 3):
                file.create_dataset("scale_%s%s_%d" % (kind[1:], "b" if kind[0] == ">" else "", digits), data=data, chunks=(16, 20), scaleoffset=digits)
        for signed in (0, 1):
            for size, bits, offset in ((2, 11, 3), (4, 17, 0), (1, 5, 2), (4, 12, 20), (8, 33, 7)):
                for order in (h5py.h5t.ORDER_LE, h5py.h5t.ORDER_BE):
                    kind = getattr(h5py.h5t, "STD_%s%dLE" % ("I" if signed else "U", 8 * size)).copy()
                    kind.set_precision(bits)
                    kind.set_offset(offset)
                    kind.set_order(order)
                    for nbit in (False, True):
                        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                        plist.set_chunk((4, 5))
                        if nbit:
                            plist.set_filter(5, 0, ())
                        if size == 4:
                            plist.set_deflate(3)
                        name = "bits_%d_%d_%d_%d_%d_%d" % (signed, size, bits, offset, order, nbit)
                        made = h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple((7, 9)), plist)
                        low = -(2 ** (bits - 1)) if signed else 0
                        high = 2 ** (bits - 1) if signed else 2 ** bits
                        data = random.integers(low, high, (7, 9)).astype("%s%d" % ("i" if signed else "u", size))
                        made.write(h5py.h5s.ALL, h5py.h5s.ALL, data)
                        np.save(os.path.join(FOLDER, "plugins_%s.h5.%s.npy" % (tag, name)), data)


def types(libver, tag):
    with h5py.File(path("types_%s.h5" % tag), "w", libver=libver) as file:
        for order in "<>":
            for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"):
                name = kind + ("_le" if order == "<" else "_be")
                file.create_dataset(name, data=noise((5, 7), order + kind), chunks=(2, 3), shuffle=True, compression="gzip")
                file["plain_" + name] = noise((3,), order + kind)
        file["bool"] = noise((9,), "?")
        colour = h5py.enum_dtype({"RED": 0, "DEEP BLUE": 3, "GREEN": 7}, basetype="u1")
        file.create_dataset("enum", data=random.choice([0, 3, 7], 12).astype("u1"), dtype=colour)
        file.create_dataset("opaque", data=np.array([b"abc", b"\0\1\2"], "V3"))
        file.create_dataset("array", data=noise((4, 2, 3), "<i2"))
        inner = np.dtype([("time", "<f8"), ("code", ">i2"), ("position", "<f4", (3,)), ("name", "S5")])
        table = np.zeros(11, inner)
        table["time"] = noise((11,), "f8")
        table["code"] = noise((11,), "i2")
        table["position"] = noise((11, 3), "f4")
        table["name"] = [b"n%d" % i for i in range(11)]
        file.create_dataset("table", data=table)
        file.create_dataset("table_chunked", data=table, chunks=(4,), shuffle=True, compression="gzip")
        file.create_dataset("table_holes", (20,), inner, chunks=(4,))[2:5] = table[2:5]
        nested = np.zeros(3, np.dtype([("a", "i4"), ("b", [("c", "f4"), ("d", "i8")])]))
        nested["b"]["d"] = [1, 2, 2**60]
        file["nested"] = nested
        array = h5py.h5t.array_create(h5py.h5t.NATIVE_INT32, (2, 3))
        made = h5py.h5d.create(file.id, b"array_type", array, h5py.h5s.create_simple((4,)))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, noise((4, 2, 3), "i4"), mtype=array)
        file["reference"] = np.array([file["bool"].ref, file["enum"].ref], h5py.ref_dtype)
        ragged = file.create_dataset("ragged", (3,), h5py.vlen_dtype("i4"))
        ragged[0] = [1, 2]
        file["empty"] = h5py.Empty("f4")
        named = np.dtype("<i2")
        file["named"] = named
        file.create_dataset("of_named", data=noise((4,), "i2"), dtype=file["named"])
        brain = h5py.h5t.IEEE_F32LE.copy()
        brain.set_fields(15, 7, 8, 0, 7)
        brain.set_size(2)
        brain.set_ebias(127)
        h5py.h5d.create(file.id, b"bfloat", brain, h5py.h5s.create_simple((4,)))


def strings(libver, tag):
    with h5py.File(path("strings_%s.h5" % tag), "w", libver=libver) as file:
        words = ["sea", "", "Größe", "日本", "a" * 300, "x"]
        vlen = h5py.string_dtype()
        file.create_dataset("vlen", data=words, dtype=vlen)
        file.create_dataset("vlen_chunked", data=np.array(words * 5, object).reshape(5, 6), dtype=vlen, chunks=(2, 4), shuffle=True, compression="gzip")
        holes = file.create_dataset("vlen_holes", (20,), vlen, chunks=(4,))
        holes[3] = "here"
        file.create_dataset("vlen_ascii", data=[b"a", b"bc"], dtype=h5py.string_dtype("ascii"))
        file.create_dataset("vlen_scalar", data="alone", dtype=vlen)
        file.create_dataset("vlen_unwritten", (3,), vlen)
        file.create_dataset("vlen_fill", (6,), vlen, chunks=(2,), fillvalue="none")[0] = "some"
        file.create_dataset("fixed", data=np.array([b"sea", b"", b"1234567"], "S7"))
        file.create_dataset("fixed_utf8", data=np.array(["é".encode(), b"b"], h5py.string_dtype("utf-8", 4)))
        file.create_dataset("fixed_holes", (9,), "S3", chunks=(2,), compression="gzip")[2] = b"abc"
        spaced = h5py.h5t.C_S1.copy()
        spaced.set_size(6)
        spaced.set_strpad(h5py.h5t.STR_SPACEPAD)
        made = h5py.h5d.create(file.id, b"spaces", spaced, h5py.h5s.create_simple((2,)))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"ab    ", b"abcdef"], "S6"), mtype=spaced)
        file.create_dataset("characters", data=np.array([b"a", b"b", b""], "S1"))


def groups(libver, tag):
    with h5py.File(path("groups_%s.h5" % tag), "w", libver=libver) as file:
        for i in range(60):
            file["many/g%02d/x" % i] = i
        for i in range(40):
            file["wide/d%02d" % i] = np.arange(i + 1)
        file["a/b/c/d/e"] = noise((3,), "i2")
        file["a/hard"] = file["a/b/c/d/e"]
        file["soft"] = h5py.SoftLink("/a/b/c/d/e")
        file["soft_group"] = h5py.SoftLink("/a/b")
        file["a/relative"] = h5py.SoftLink("b/c/d/e")
        file["chain"] = h5py.SoftLink("/soft")
        file["dangling"] = h5py.SoftLink("/nothing/here")
        file["outside"] = h5py.ExternalLink("other.h5", "/x")
        file["a/b/circle"] = file["a"]
        file["a/b/soft_circle"] = h5py.SoftLink("/a")
        file.create_group("empty")
        file["with space/ünï côde"] = 1.5
        with_order = file.create_group("ordered", track_order=True)
        for name in "zebra", "apple", "mango":
            with_order[name] = 1


def attributes(libver, tag):
    with h5py.File(path("attributes_%s.h5" % tag), "w", libver=libver, track_order=None) as file:
        for place in (file, file.create_dataset("few", data=1), file.create_group("g")):
            place.attrs["text"] = "Größe"
            place.attrs["ascii"] = np.bytes_("plain")
            place.attrs["int"] = np.int16(-3)
            place.attrs["big"] = np.uint64(2**64 - 1)
            place.attrs["float"] = 2.0
            place.attrs["single"] = np.float32(0.1)
            place.attrs["nan"] = np.nan
            place.attrs["list"] = np.arange(5, dtype=">i4")
            place.attrs["floats"] = np.array([1.0, 2.5, np.inf])
            place.attrs["words"] = ["a", "bc", ""]
            place.attrs["fixed"] = np.array([b"ab", b"c"], "S4")
            place.attrs["one"] = np.array([7])
            place.attrs["true"] = True
            place.attrs["none"] = h5py.Empty("f4")
        dense = file.create_dataset("dense", data=noise((3,), "f4"))
        for i in range(40):
            dense.attrs["attribute %d" % i] = "value %d" % i if i % 2 else i
        if tag != "earliest":
            dense.attrs["huge"] = np.arange(20000.0)


def fills(libver, tag):
    with h5py.File(path("fills_%s.h5" % tag), "w", libver=libver) as file:
        n = 0
        for kind, fill, cf in (
            ("<i2", None, None), ("<i2", -7, None), ("<i2", -7, -7), ("<i2", -7, -9), ("<i2", None, -9),
            (">i4", 5, None), ("<f4", None, None), ("<f4", np.nan, None), ("<f4", np.nan, np.nan), ("<f4", 1e20, 1e20),
            (">f8", -999.9, -999.9), ("<f8", None, -999.9), ("<u8", 2**64 - 1, None), ("<i8", -2**63 + 1, -2**63 + 1), ("?", True, None),
            ("<c8", None, None), ("<f2", -1.5, None), ("<u1", 255, 255), ("<i1", -127, None), ("<f4", 9.969209968386869e36, None),
        ):
            for extra in ({}, {"shuffle": True, "compression": "gzip"}, {"compression": "lzf"}, {"fletcher32": True}):
                made = file.create_dataset("fill_%d" % n, (5, 7), kind, chunks=(2, 3), fillvalue=fill, **extra)
                if cf is not None:
                    made.attrs["_FillValue"] = np.array(cf, kind)
                made[:2] = noise((2, 7), kind)
                n += 1
            file.create_dataset("unwritten_%d" % n, (5, 7), kind, fillvalue=fill)


def user_block(size):
    name = path("user_block_%d.h5" % size)
    with h5py.File(name, "w", userblock_size=size) as file:
        file["x"] = noise((5, 7), "i4")
        file.create_dataset("y", data=noise((9, 9), "f8"), chunks=(4, 4), shuffle=True, compression="gzip")
        file["t"] = ["a", "b"]
        file["g/z"] = 1


def scales(libver, tag):
    with h5py.File(path("scales_%s.h5" % tag), "w", libver=libver) as file:
        file["lat"] = np.linspace(-90, 90, 5)
        file["lon"] = np.linspace(0, 350, 8)
        file["time"] = np.arange(3)
        for name in "lat", "lon", "time":
            file[name].make_scale(name)
        file["data"] = noise((3, 5, 8), "f4")
        file["data"].dims[0].attach_scale(file["time"])
        file["data"].dims[1].attach_scale(file["lat"])
        file["data"].dims[2].attach_scale(file["lon"])
        file["phony"] = noise((4, 4), "i2")
        file["g/phony"] = noise((4, 5), "i2")
        file["g/data"] = noise((5, 8), "f4")
        file["g/data"].dims[0].attach_scale(file["lat"])
        file["g/data"].dims[1].attach_scale(file["lon"])


def netcdf(number, kind):
    with netCDF4.Dataset(path("netcdf_%s_%d.nc" % (kind.lower(), number)), "w", format=kind) as file:
        file.title = "seed %d" % SEED
        file.createDimension("time", None)
        file.createDimension("y", 5)
        file.createDimension("x", 7)
        file.createDimension("text", 6)
        time = file.createVariable("time", "f8", ("time",))
        time.units = "days since 2000-01-01"
        time.calendar = ["standard", "noleap", "360_day"][number % 3]
        time[:] = np.arange(4) * 31.5
        y = file.createVariable("y", "f4", ("y",))
        y[:] = np.arange(5) / 3
        y.units = "degrees_north"
        options = [dict(zlib=True), dict(zlib=True, shuffle=False), dict(fletcher32=True), dict(contiguous=True), {},
                   dict(compression="szip"), dict(zlib=True, fletcher32=True, complevel=9)]
        packed = file.createVariable("packed", "i2", ("time", "y", "x"), fill_value=-32768, **{**options[number % len(options)], "contiguous": False})
        packed.scale_factor = 0.5
        packed.add_offset = 10.0
        packed.missing_value = np.int16(-1)
        packed.coordinates = "lat lon"
        packed[:] = np.ma.masked_less(random.integers(-50, 100, (4, 5, 7)), 0)
        plain = file.createVariable("plain", ["f4", "f8", "i4", "u1" if kind == "NETCDF4" else "i1"][number % 4], ("y", "x"), **options[number % len(options)])
        plain[2:4] = noise((2, 7), "i1")
        big = file.createVariable("big", "f8", ("y",), endian="big", fill_value=1e20)
        big[1:3] = [1.5, 2.5]
        unsigned = file.createVariable("unsigned", "i1", ("x",), fill_value=-1)
        unsigned.setncattr("_Unsigned", "true")
        unsigned[:] = np.arange(7) - 3
        nofill = file.createVariable("nofill", "f4", ("y", "x"), fill_value=False)
        nofill[0] = np.arange(7)
        short = file.createVariable("short", "i4", ("time", "x"), zlib=True, chunksizes=(2, 3))
        short[:2] = 5
        never = file.createVariable("never", "f4", ("time", "x"))
        text = file.createVariable("names", "S1", ("y", "text"))
        text._Encoding = "utf-8"
        text[:] = netCDF4.stringtochar(np.array(["sea", "land", "", "ice", "a b"], "S6"))
        lat = file.createVariable("lat", "f4", ("y", "x"))
        lat[:] = noise((5, 7), "f4")
        lon = file.createVariable("lon", "f4", ("y", "x"))
        lon[:] = noise((5, 7), "f4")
        crs = file.createVariable("crs", "i4")
        crs.grid_mapping_name = "latitude_longitude"
        crs[:] = 0
        if kind == "NETCDF4":
            group = file.createGroup("inner")
            group.note = "below"
            deep = group.createGroup("deeper")
            group.createDimension("x", 3)
            own = group.createVariable("own", "i8", ("time", "x"))
            own[:4] = noise((4, 3), "i8")
            other = deep.createVariable("other", "u2", ("y",), zlib=True)
            other[:] = np.arange(5)
            words = file.createVariable("words", str, ("y",))
            for i, word in enumerate(["sea", "", "Größe", "x", "日本"]):
                words[i] = word
            clash = file.createVariable("text", "i4", ("x",))  # a variable with a dimension's name, of another dimension
            clash[:] = np.arange(7)
            two = file.createVariable("x", "f4", ("x", "y"))  # a coordinate of two dimensions
            two[:] = noise((7, 5), "f4")
            flags = file.createEnumType("u1", "cloud_t", {"clear": 0, "cloudy": 1, "unknown": 255})
            cloud = file.createVariable("cloud", flags, ("x",), fill_value=255)
            cloud[:] = [0, 1, 0, 1, 255, 0, 0]


def written_by_xarray(number, engine):
    ds = xr.Dataset(
        {
            "t": (("time", "y", "x"), random.normal(size=(4, 5, 6)).astype(["f4", "f8"][number % 2])),
            "n": (("y", "x"), random.integers(0, 99, (5, 6)).astype("i4")),
            "s": (("y",), np.array(["a", "bb", "", "dd", "e"], object)),
            "flag": (("x",), random.random(6) < 0.5),
            "when": (("x",), np.datetime64("2020-01-01", "ns") + np.arange(6) * np.timedelta64(1, "h")),
        },
        {"time": np.datetime64("2001-01-01", "ns") + np.arange(4) * np.timedelta64(36, "h"), "y": np.arange(5.0), "x": np.arange(6)},
        {"title": "by xarray"},
    )
    ds.t.values[0, 0, 0] = np.nan
    encoding = {"t": [{}, {"zlib": True, "complevel": 3}, {"dtype": "i2", "scale_factor": 0.01, "_FillValue": -9999, "zlib": True}, {"chunksizes": (2, 3, 4), "shuffle": True, "zlib": True}][number % 4]}
    extra = {"unlimited_dims": ["time"]} if number % 3 == 0 else {}
    ds.to_netcdf(path("xarray_%s_%d.nc" % (engine, number)), engine=engine, encoding=encoding, **extra)


def random_file(number):
    libver = LIBVERS[number % len(LIBVERS)]
    with h5py.File(path("random_%d.h5" % number), "w", libver=libver, userblock_size=[0, 0, 512][number % 3]) as file:
        for i in range(6):
            rank = int(random.integers(0, 5))
            shape = tuple(int(n) for n in random.integers(1, 9, rank))
            kind = str(random.choice(["<", ">"])) + str(random.choice(["i1", "u2", "i4", "u8", "f2", "f4", "f8", "c8"]))
            data = noise(shape, kind)
            options = {}
            if rank and random.random() < 0.75:
                options["chunks"] = tuple(int(random.integers(1, n + 1)) for n in shape)
                options.update(FILTERS[int(random.integers(len(FILTERS)))])
                if random.random() < 0.5:
                    options["maxshape"] = tuple(None if random.random() < 0.5 else n + int(random.integers(0, 9)) for n in shape)
            if random.random() < 0.4 and kind[1] in "if":
                options["fillvalue"] = -3
            name = "/".join(["g%d" % random.integers(3)] * int(random.integers(3)) + ["v%d" % i])
            made = file.create_dataset(name, shape, kind, **options)
            if rank == 0 or random.random() < 0.5:
                made[...] = data
            elif random.random() < 0.8:
                made[tuple(slice(int(random.integers(n)), None) for n in shape)] = data[tuple(slice(0, 1) for _ in shape)] if shape else data
            if random.random() < 0.3 and kind[1] in "if":
                made.attrs["_FillValue"] = np.array(-3, kind)


def contiguous():
    """Data without chunks, large enough to be served in parts; bytes that lie in other files."""
    with h5py.File(path("contiguous.h5"), "w", libver="latest") as file:
        file["three"] = random.normal(size=(5, 601, 2003)).astype("f4")
        file["one"] = random.integers(0, 30000, 9_000_001).astype(">i2")
        file["prime"] = random.integers(0, 30000, (3, 3_000_017)).astype("i2")
        table = np.zeros(1_500_000, [("a", "f8"), ("b", ">i4")])
        table["a"], table["b"] = np.arange(len(table)), np.arange(len(table))
        file["table"] = table
        file.create_dataset("unwritten", (3000, 3000), "f4")
        layout = h5py.VirtualLayout((2, 3), "i4")
        layout[0] = h5py.VirtualSource("other.h5", "x", (3,))
        file.create_virtual_dataset("virtual", layout, fillvalue=-1)
        file.create_dataset("external", (4,), "i4", external=[("external.bin", 0, 16)])


def paged():
    for name in ("layout_latest.h5", "netcdf_netcdf4_0.nc", "groups_earliest.h5"):
        to = path("paged_" + name)
        subprocess.run(["h5repack", "-S", "PAGE", "-G", "65536", os.path.join(FOLDER, name), to], check=True, capture_output=True)


for libver in LIBVERS:
    for make in (layouts, masks, types, strings, groups, attributes, fills, scales):
        make(libver, libver[0])
for libver in (LIBVERS[0], LIBVERS[-1]):
    plugins(libver, libver[0])
for size in (512, 1024, 4096, 65536):
    user_block(size)
for number in range(9):
    netcdf(number, "NETCDF4")
    netcdf(number, "NETCDF4_CLASSIC")
for number in range(12):
    written_by_xarray(number, "netcdf4")
    written_by_xarray(number, "h5netcdf")
for number in range(60):
    random_file(number)
contiguous()
paged()
with open(os.path.join(FOLDER, "files.json"), "w") as out:
    json.dump(files, out)
print("%d files" % len(files))

"""HDF5 files by h5py: every data type by kerchunk, and filters that kerchunk refuses by hand."""

import json
import zlib

import h5py
import numpy as np

from .case import Case
from .netcdf import translate

KINDS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]


def extremes(kind, shape, random):
    """Values over the whole range of a type, its ends and non-finite ones included."""
    dtype = np.dtype(kind)
    count = int(np.prod(shape))
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = random.integers(info.min, info.max, count, dtype=dtype.newbyteorder("="), endpoint=True)
        values[:3] = [info.min, info.max, 1]
        if dtype.itemsize == 8:
            values[3:5] = [2**53 + 1, 2**60 + 3]
    elif dtype.kind == "c":
        values = (random.normal(size=count) + 1j * random.normal(size=count)).astype(dtype)
        values[:3] = [np.nan, np.inf, -0.0]
    else:
        values = (random.normal(size=count) * 100).astype(dtype)
        values[:5] = [np.nan, np.inf, -np.inf, -0.0, np.finfo(dtype).tiny / 2]
    return values.reshape(shape).astype(dtype)


def types(out):
    """Each numeric type in both byte orders, bool, bytes, scalars, unwritten chunks with their fill."""
    case = Case(out, "hdf5-types")
    random = np.random.default_rng(21)
    path = case.path("data.h5")
    expected = {}
    with h5py.File(path, "w") as file:
        for order, word in (("<", "little"), (">", "big")):
            for kind in KINDS:
                name = "%s_%s" % (kind, word)
                expected[name] = extremes(order + kind, (5, 7), random)
                file.create_dataset(name, data=expected[name], chunks=(2, 3), shuffle=True, compression="gzip")
        expected["bool"] = random.random((5, 7)) < 0.5
        file.create_dataset("bool", data=expected["bool"], chunks=(2, 3), compression="gzip")
        expected["bytes7"] = np.array([b"sea", b"", b"1234567", b"x"], "S7")
        file.create_dataset("bytes7", data=expected["bytes7"])
        for kind, value in (("<i8", -2**62 - 1), (">u8", 2**63 + 1), ("<f4", 1.1), (">f8", -np.inf), ("|u1", 200)):
            name = "scalar_" + kind[1:]
            expected[name] = np.array(value, kind)
            file.create_dataset(name, data=expected[name])
        # Half of the chunks are written, the others are what the file says unwritten cells are.
        for name, kind, fill in (
            ("fill_i2", "<i2", -7), ("fill_i8", "<i8", -2**63 + 1), ("fill_u8", "<u8", 2**64 - 1),
            ("fill_f4_nan", "<f4", np.nan), ("fill_f8_inf", "<f8", np.inf), ("fill_f4_inexact", ">f4", 0.1),
            ("fill_f2", "<f2", -1.5), ("fill_default", "<f8", None), ("fill_bool", "?", True),
        ):
            made = file.create_dataset(name, (4, 6), kind, chunks=(2, 3), fillvalue=fill, compression="gzip")
            made[:2, :3] = np.ones((2, 3), kind)
            made[2:, 3:] = np.zeros((2, 3), kind)
            expected[name] = made[...]
        file.create_dataset("never_written", (4, 6), "<i4", chunks=(2, 3), fillvalue=42)
        expected["never_written"] = np.full((4, 6), 42, "<i4")
        file.create_dataset("zero_by_four", (0, 4), "<f4", chunks=(2, 3), maxshape=(None, 4))
        expected["zero_by_four"] = np.zeros((0, 4), "<f4")
        file.create_dataset("odd3d", data=random.normal(size=(3, 5, 7)), chunks=(2, 2, 4))
        expected["odd3d"] = file["odd3d"][...]
    case.references(translate(path, "data.h5", inline_threshold=0))
    for name, values in expected.items():
        skip = set()
        if values.dtype.kind == "S":
            skip |= {"gdal", "zarrita"}
        if values.dtype.kind == "c":
            skip |= {"zarrita"}
        if 0 in values.shape or name == "fill_u8":  # GDAL knows no fill beyond 2^63
            skip |= {"gdal"}
        if 0 in values.shape or name in ("fill_i8", "fill_u8"):  # zarrita has neither
            skip |= {"zarrita"}
        case.expect(name, values, skip=skip, missing=[(0, 1), (1, 0)] if name.startswith("fill_") else [],
                    tier="frame" if name.endswith(("little", "big")) or name == "bool" else None)
    return case


def describe(dataset):
    """`.zarray` of a chunked dataset with all of its filters, in the order of its pipeline."""
    plist = dataset.id.get_create_plist()
    filters = []
    for index in range(plist.get_nfilters()):
        code, _, values, _ = plist.get_filter(index)
        filters.append({
            h5py.h5z.FILTER_SHUFFLE: lambda: {"id": "shuffle", "elementsize": values[0] if values else dataset.dtype.itemsize},
            h5py.h5z.FILTER_DEFLATE: lambda: {"id": "zlib", "level": values[0]},
            h5py.h5z.FILTER_FLETCHER32: lambda: {"id": "fletcher32"},
        }[code]())
    return {"zarr_format": 2, "shape": dataset.shape, "chunks": dataset.chunks, "dtype": dataset.dtype.str,
            "fill_value": [0.0, 0.0] if dataset.dtype.kind == "c" else dataset.fillvalue.item(), "order": "C", "filters": filters or None, "compressor": None}


def filters(out):
    """Every pipeline of deflate, shuffle and fletcher32, with incompressible chunks; references by hand."""
    case = Case(out, "hdf5-filters")
    random = np.random.default_rng(22)
    path = case.path("data.h5")
    tiers = {}
    with h5py.File(path, "w") as file:
        for kind in ("<i2", ">i2", "<f4", ">f4", "<f8", ">i8", "|u1", "<c16"):
            smooth = np.add.outer(np.arange(13) * 3, np.arange(17) * 5).astype(kind)
            noise = np.frombuffer(random.bytes(13 * 17 * np.dtype(kind).itemsize), kind).reshape(13, 17).copy()
            if noise.dtype.kind in "fc":
                noise = extremes(kind, (13, 17), random)
            for label, options, tier in (
                ("plain", {}, "pass"), ("deflate", {"compression": "gzip"}, "frame"),
                ("shuffle_deflate", {"compression": "gzip", "shuffle": True}, "frame"),
                ("deflate_fletcher", {"compression": "gzip", "fletcher32": True}, "frame"),
                ("shuffle_deflate_fletcher", {"compression": "gzip", "shuffle": True, "fletcher32": True}, "frame"),
                ("fletcher", {"fletcher32": True}, None), ("shuffle", {"shuffle": True}, "transcode"),
                ("shuffle_fletcher", {"shuffle": True, "fletcher32": True}, None),
            ):
                for data, word in ((smooth, "smooth"), (noise, "noise")):
                    name = "%s_%s_%s" % (label, np.dtype(kind).str.replace("<", "l").replace(">", "b").replace("|", ""), word)
                    file.create_dataset(name, data=data, chunks=(5, 6), **options)
                    tiers[name] = tier if kind != "|u1" or label != "shuffle" else None
        # A zlib stream exactly as long as what it holds: Blosc reads such a block as stored.
        for level in (1, 9):
            name = "as_long_level%d" % level
            data = as_long_as_raw(random, level)
            made = file.create_dataset(name, (2, 2048), "u1", chunks=(1, 2048), compression="gzip", compression_opts=level)
            made.id.write_direct_chunk((0, 0), zlib.compress(data, level))
            made.id.write_direct_chunk((1, 0), zlib.compress(bytes(2048), level))
            tiers[name] = "frame"
    refs = {".zgroup": json.dumps({"zarr_format": 2})}
    with h5py.File(path) as file:
        for name, dataset in file.items():
            refs[name + "/.zarray"] = json.dumps(describe(dataset))
            for index in range(dataset.id.get_num_chunks()):
                info = dataset.id.get_chunk_info(index)
                assert info.filter_mask == 0, (name, info)
                coords = [o // c for o, c in zip(info.chunk_offset, dataset.chunks)]
                refs["%s/%d.%d" % (name, *coords)] = ["data.h5", info.byte_offset, info.size]
            skip = ["zarrita"] if dataset.dtype.kind == "c" else []
            case.expect(name, dataset[...], tier=tiers[name], skip=skip)
    lengths = [refs["as_long_level%d/0.0" % level][2] for level in (1, 9)]
    assert lengths == [2048, 2048], lengths
    case.references(refs)
    return case


def as_long_as_raw(random, level):
    """2,048 bytes that deflate to a zlib stream of 2,048 bytes."""
    for zeros in range(1, 400):
        for _ in range(8):
            data = random.bytes(2048 - zeros) + bytes(zeros)
            if len(zlib.compress(data, level)) == 2048:
                return data
    raise AssertionError("no such bytes at level %d" % level)


def write(out):
    """Every case of this module."""
    return [types(out), filters(out)]

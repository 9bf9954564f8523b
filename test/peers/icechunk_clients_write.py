#!/usr/bin/env python3
"""Writes NetCDF4 files and what virtual Icechunk repositories over them are made of:

    icechunk_clients_write.py OUT

`OUT/data/` holds the archives. `OUT/contents.json` is a list of commits as `icechunk_clients_write.cjs` takes
them, with the metadata that VirtualiZarr gives to a variable: Zarr v3 by zarr-python, HDF5's filters under
their numcodecs names. `OUT/cases.json` are the cases of test/peers/clients, one a version: `first` (a tag),
`second` (the tip of main), `branch`. Expected values are what netCDF4 reads from the archives.
"""

import base64
import json
import os
import struct
import sys
import warnings

import h5py
import netCDF4
import numcodecs
import numpy as np
import zarr
from cases.case import Case
from cases.netcdf import stored
from zarr.codecs import BytesCodec, ZstdCodec
from zarr.codecs import numcodecs as foreign

warnings.filterwarnings("ignore")

SHAPE = (7, 7, 11)
CHUNKS = (2, 4, 6)
STEPS = {"a": (0, 4), "b": (4, 7)}  # the time steps of each file of the first version
GRID = ("time", "y", "x")
HIDDEN = {"DIMENSION_LIST", "CLASS", "NAME", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties"}


def fields():
    """The variables on the whole grid: what is stored, attributes, how netCDF4 stores it."""
    random = np.random.default_rng(31)
    packed = random.integers(-3000, 3000, SHAPE).astype("i2")
    packed[random.random(SHAPE) < 0.2] = -32768
    nan = random.normal(size=SHAPE).astype("f4")
    nan[random.random(SHAPE) < 0.2] = np.nan
    huge = random.normal(size=SHAPE)
    huge[random.random(SHAPE) < 0.2] = 1e20
    noise = np.frombuffer(random.bytes(2 * packed.size), "i2").reshape(SHAPE)
    return {
        "packed": (packed, {"scale_factor": 0.1, "add_offset": 273.15, "units": "K"},
                   {"chunksizes": CHUNKS, "zlib": True, "shuffle": True, "fill_value": -32768}),
        "nan": (nan, {}, {"chunksizes": (2, 3, 5), "zlib": True, "shuffle": False, "fill_value": np.float32(np.nan)}),
        "big": (random.integers(-2**31, 2**31, SHAPE).astype(">i4"), {"units": "1"},
                {"chunksizes": (2, 3, 5), "zlib": True, "shuffle": True, "endian": "big"}),
        "summed": (huge, {}, {"chunksizes": (2, 3, 5), "zlib": True, "shuffle": True, "fletcher32": True, "fill_value": 1e20}),
        "summed_only": (nan * 2, {}, {"chunksizes": (2, 7, 4), "fletcher32": True}),
        "plain": (random.integers(-999, 999, SHAPE).astype(">i2"), {"long_name": "Höhe"},
                  {"chunksizes": (1, 7, 4), "endian": "big", "fill_value": -999}),
        "noise": (noise, {}, {"chunksizes": CHUNKS, "zlib": True, "shuffle": True}),
        # Only some of its chunks are ever written.
        "sparse": (packed, {"scale_factor": 0.5},
                   {"chunksizes": CHUNKS, "zlib": True, "shuffle": True, "fill_value": -1}),
    }


def write_archive(path, steps, change=lambda values: values):
    """A NetCDF4 file of some time steps; `change` is what a revision changes in the stored values."""
    random = np.random.default_rng(32)
    lead = slice(*steps)
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({"title": "Häufig", "Conventions": "CF-1.11", "resolution": np.float32(0.1)})
        for name, length in (("time", None), ("y", 7), ("x", 11), ("letters", 6)):
            file.createDimension(name, length)

        def variable(name, kind, dims, values, attributes=None, **options):
            made = (file.createVariable if isinstance(name, str) else name[0].createVariable)(
                name if isinstance(name, str) else name[1], kind, dims, **options)
            made.set_auto_maskandscale(False)
            made.set_auto_chartostring(False)
            made.setncatts(attributes or {})
            if isinstance(values, dict):
                for index, cells in values.items():
                    made[index] = cells
            else:
                made[...] = values

        variable("time", "f8", ("time",), np.arange(7)[lead] * 30.5, {
            "units": "days since 2001-01-01 12:00:00", "calendar": "noleap", "standard_name": "time"}, chunksizes=(2,))
        variable("y", "f4", ("y",), np.linspace(60, 30, 7), {"units": "degrees_north"})
        variable("x", ">f8", ("x",), np.linspace(-10, 0, 11), {"units": "degrees_east"}, endian="big")
        for name, (values, attributes, options) in change(fields()).items():
            part = values[lead]
            if name == "sparse":
                # The last step is written: a file holds no more steps of a variable than were.
                index = np.s_[2:4, 0:4, 6:11] if steps[0] == 0 else np.s_[2:3, 4:7, 0:6]
                part = {index: part[index]}
            variable(name, values.dtype, GRID, part, attributes, **options)
        variable("contiguous", "i2", ("y", "x"), random.integers(-2**15, 2**15, SHAPE[1:]), contiguous=True)
        variable("lead", "i4", ("y",), np.arange(7), {"units": "hours"}, zlib=True)
        variable("crs", "i4", (), 7, {"grid_mapping_name": "latitude_longitude"})
        variable("never", "f4", ("y", "x"), {}, zlib=True, chunksizes=(4, 6), fill_value=-5.5)
        variable("station", "S1", ("y", "letters"),
                 netCDF4.stringtochar(np.array([b"Bergen"[:i] for i in range(7)], "S6")), zlib=True)
        words = file.createVariable("words", str, ("y",))
        words[:] = np.array(["", "sea", "Øresund", "海", "a b", "%", "\"q\""], dtype=object)
        for group in ("ocean", "ocean/deep", "ice shelf"):
            folder = file.createGroup(group)
            folder.note = "in " + group
            folder.createDimension("z", 3)
            variable((folder, "z"), "i4", ("z",), np.arange(3))
            variable((folder, "temp"), "i2", ("z", "y", "x"), random.integers(-1, 100, (3, 7, 11)), {"scale_factor": 0.5},
                     chunksizes=(1, 4, 5), zlib=True, fill_value=-1)


def codecs(dataset):
    """HDF5's pipeline as VirtualiZarr names it."""
    plist = dataset.id.get_create_plist()
    made = []
    for index in range(plist.get_nfilters()):
        code, _, values, _ = plist.get_filter(index)
        made.append({
            h5py.h5z.FILTER_SHUFFLE: lambda: foreign.Shuffle(elementsize=values[0] if values else dataset.dtype.itemsize),
            h5py.h5z.FILTER_DEFLATE: lambda: foreign.Zlib(level=values[0]),
            h5py.h5z.FILTER_FLETCHER32: lambda: foreign.Fletcher32(),
        }[code]())
    return made


def attributes_of(dataset):
    """The attributes of a variable or group; `_FillValue` as xarray writes it in Zarr v3."""
    found = {}
    for name, value in dataset.attrs.items():
        if name in HIDDEN:
            continue
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value[0]
        if name == "_FillValue" and np.asarray(value).dtype.kind == "f":
            value = base64.standard_b64encode(struct.pack("<d", float(value))).decode()
        elif isinstance(value, (np.ndarray, np.generic)):
            value = value.tolist()
        found[name] = value.decode() if isinstance(value, bytes) else value
    return found


def document(path, name, shape, dtype, chunks, fill, dims, attributes, big=False, compressors=None, **options):
    """The `zarr.json` of an array as zarr-python writes it."""
    store = zarr.storage.MemoryStore()
    serializer = {} if dtype is str else {"serializer": BytesCodec(endian="big" if big else "little")}
    if dtype is not str and np.dtype(dtype).itemsize == 1:
        serializer = {"serializer": BytesCodec()}
    zarr.create_array(store, name="a", shape=shape, chunks=chunks, dtype=dtype, fill_value=fill, attributes=attributes,
                      dimension_names=dims, compressors=compressors or None, zarr_format=3, **serializer, **options)
    return written(store, "a/zarr.json")


def group_document(attributes):
    """The `zarr.json` of a group."""
    store = zarr.storage.MemoryStore()
    zarr.create_group(store, attributes=attributes, zarr_format=3)
    return written(store, "zarr.json")


def written(store, key):
    """A document of a store in memory, as text."""
    return store._store_dict[key].to_bytes().decode()


def virtual_array(path, names, group=""):
    """The document of a variable and its references; `names` are archives that follow each other in time."""
    refs, documents, steps = [], None, 0
    for name in names:
        with h5py.File(name) as file:
            dataset = file[group + path]
            shape, chunks = dataset.shape, dataset.chunks or dataset.shape
            dims = [scale[0].name.rsplit("/", 1)[-1] if len(scale) else None for scale in dataset.dims]
            if dataset.is_scale:
                dims = [dataset.name.rsplit("/", 1)[-1]]
            location = "data/" + os.path.basename(name)
            leading = steps // chunks[0] if shape and "time" in dims else 0
            if dataset.chunks:
                for index in range(dataset.id.get_num_chunks()):
                    info = dataset.id.get_chunk_info(index)
                    assert info.filter_mask == 0
                    at = [int(start) // edge for start, edge in zip(info.chunk_offset, chunks)]
                    at[0] += leading
                    refs.append({"index": at, "file": location, "offset": info.byte_offset, "length": info.size})
            elif dataset.id.get_offset() is not None:
                refs.append({"index": [0] * len(shape), "file": location, "offset": dataset.id.get_offset(),
                             "length": dataset.id.get_storage_size()})
            steps += shape[0] if shape else 0
            documents = dict(dtype=dataset.dtype.newbyteorder("="), chunks=chunks, fill=dataset.fillvalue, dims=dims,
                             attributes=attributes_of(dataset), big=dataset.dtype.byteorder == ">",
                             compressors=codecs(dataset))
            if "time" not in dims:
                break
            shape = (steps,) + shape[1:]
    return document(path, path, shape, **documents), refs


class Version:
    """A commit of the repository and the case that says how it reads."""

    def __init__(self, out, name, archives):
        self.case = Case(out, name)
        self.out, self.archives = out, [os.path.join(out, "data", archive) for archive in archives]
        self.documents, self.virtual, self.stored = {}, {}, {}

    def values(self, path, group=""):
        """A variable's stored values in the archives, joined along time."""
        parts = []
        for archive in self.archives:
            parts.append(stored(archive, group.strip("/"), path))
            with netCDF4.Dataset(archive) as file:
                if "time" not in (file[group] if group else file)[path].dimensions:
                    break
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def add(self, path, group="", virtual=True, **expected):
        """A variable of the archives by reference; `virtual=False`: only what it reads as."""
        name = group + path
        if virtual:
            self.documents[name], self.virtual[name] = virtual_array(path, self.archives, group)
        self.case.expect(name, self.values(path, group), **expected)

    def load(self, path, values, dims, attributes, dtype=None, compressors=(), chunks=None, write=True, **expected):
        """A variable that the repository itself holds: inline chunks, or native ones where they are large."""
        store = zarr.storage.MemoryStore()
        array = zarr.create_array(store, name="a", shape=np.shape(values), chunks=chunks or np.shape(values),
                                  dtype=dtype or values.dtype, fill_value="" if dtype is str else 0, attributes=attributes,
                                  dimension_names=dims, compressors=list(compressors) or None, zarr_format=3)
        array[...] = values
        if write:
            self.documents[path] = written(store, "a/zarr.json")
            for key in store._store_dict:
                if not key.endswith("zarr.json"):
                    self.stored[path + key[1:]] = base64.b64encode(store._store_dict[key].to_bytes()).decode()
        self.case.expect(path, np.asarray(values), **expected)

    def fill(self, write=True, loaded=None):
        """Everything that all versions have."""
        self.documents[""] = group_document({"title": "Häufig", "Conventions": "CF-1.11", "resolution": float(np.float32(0.1))})
        tiers = {"packed": "frame", "nan": "frame", "big": "frame", "noise": "frame", "plain": "pass"}
        for name, (_, _, options) in fields().items():
            missing = [(0, 0, 0), (3, 1, 1)] if name == "sparse" else []
            # What HDF5 shuffled after its sum was added, numcodecs cannot put in order again.
            self.add(name, virtual=write, tier=tiers.get(name), fill=options.get("fill_value"), missing=missing,
                     skip=["native"] if name == "summed" else [])
        for name in ("contiguous", "lead", "crs", "never"):
            self.add(name, virtual=write, fill=-5.5 if name == "never" else None,
                     missing=[(i, j) for i in range(2) for j in range(2)] if name == "never" else [])
        self.add("x", virtual=write)
        self.add("station", virtual=write, skip=["gdal", "zarrita"])
        # What VirtualiZarr calls loaded variables.
        with h5py.File(self.archives[0]) as file:
            attributes = {name: attributes_of(file[name]) for name in ("time", "y")}
        self.load("time", self.values("time"), ["time"], attributes["time"], compressors=[ZstdCodec()], chunks=(5,), write=write)
        self.load("y", self.values("y"), ["y"], attributes["y"], write=write)
        self.load("words", self.values("words"), ["y"], {}, dtype=str, compressors=[ZstdCodec()], skip=["gdal"], write=write)
        for group in ("ocean/", "ocean/deep/", "ice shelf/"):
            if write:
                self.documents[group[:-1]] = group_document({"note": "in " + group[:-1]})
            for name in ("z", "temp"):
                # GDAL puts no name with a space into a URL: it asks for no chunk, and reads the fill.
                self.add(name, group, virtual=write, tier="frame" if name == "temp" else None,
                         skip=["gdal"] if " " in group else [])
        self.checked(write)
        self.stored_zarr(write)
        self.loaded(loaded, write)
        for fault in ("outside", "gone", "changed"):
            self.fault(fault)
        skip = ["outside", "gone", "changed", "loaded"]
        files = ["../data/" + os.path.basename(path) for path in self.archives]
        self.case.decoded(files, skip=skip)
        for group in ("ocean", "ocean/deep", "ice shelf"):
            self.case.decoded(files[0], group)
        self.case.decoded("../data/checked.nc", "checked")
        self.case.decoded("../data/store.zarr", "zarr", engine="zarr")

    def checked(self, write):
        """A group of variables by h5py, in a file of its own."""
        archive = os.path.join(self.out, "data", "checked.nc")
        if write:
            self.documents["checked"] = group_document({})
        for name in GRID + ("checked", "checked_deflate", "checked_noise"):
            path = "checked/" + name
            if write:
                self.documents[path], self.virtual[path] = virtual_array(name, [archive], "checked/")
            self.case.expect(path, stored(archive, "checked", name), tier="frame" if name.startswith("checked") else None)

    def loaded(self, values=None, write=True):
        """A variable of native chunks, on the grid: `packed` of the archives if nothing else."""
        values = self.values("packed") if values is None else values
        self.load("loaded", values, GRID, {}, compressors=[ZstdCodec()], chunks=(4, 7, 11), write=write, tier="pass")

    def stored_zarr(self, write):
        """Chunks of a Zarr v2 store by reference: numcodecs' Blosc and Zstandard."""
        root = zarr.open_group(os.path.join(self.out, "data", "store.zarr"), mode="r", zarr_format=2)["zarr"]
        if write:
            self.documents["zarr"] = group_document({})
        for name, array in root.arrays():
            config = array.metadata.compressor.get_config()
            codec = {"blosc": foreign.Blosc, "zstd": foreign.Zstd}[config.pop("id")](**config)
            chunks = array.chunks
            if write:
                self.documents["zarr/" + name] = document(
                    name, name, array.shape, array.dtype, chunks, 0, ["time", "y", "x"], {}, compressors=[codec])
                self.virtual["zarr/" + name] = []
                folder = os.path.join(self.out, "data", "store.zarr", "zarr", name)
                for key in sorted(os.listdir(folder)):
                    if key.startswith("."):
                        continue
                    self.virtual["zarr/" + name].append({
                        "index": [int(k) for k in key.split(".")], "file": "data/store.zarr/zarr/%s/%s" % (name, key),
                        "offset": 0, "length": os.path.getsize(os.path.join(folder, key))})
            self.case.expect("zarr/" + name, array[...], tier="pass")

    def fault(self, kind):
        """An array whose first chunk is there and whose second cannot be had, for a reason that is its name."""
        values = np.arange(60, dtype="<i2").reshape(6, 10)
        raw = os.path.join(self.out, "data", "raw.bin")
        values.tofile(raw)
        self.documents[kind] = document(kind, kind, (6, 10), "i2", (3, 10), 7, ["row", "column"], {})
        second = {"index": [1, 0], "file": "data/raw.bin", "offset": 60, "length": 60}
        second.update({"outside": {"elsewhere": True}, "gone": {"file": "data/lost.bin"}, "changed": {"stale": True}}[kind])
        self.virtual[kind] = [{"index": [0, 0], "file": "data/raw.bin", "offset": 0, "length": 60}, second]
        self.case.faults.append({"path": kind, "good": [0, 3], "bad": [3, 6], "values": values[:3].tolist()})

    def commit(self, branch, message):
        """The commit as `icechunk_clients_write.cjs` takes it."""
        return {"branch": branch, "message": message, "documents": self.documents, "virtual": self.virtual,
                "stored": self.stored}


def revised(name, index, values):
    """A change of `fields`: some cells of one variable."""
    def change(all_fields):
        held, attributes, options = all_fields[name]
        held = held.copy()
        held[index] = values
        return {**all_fields, name: (held, attributes, options)}
    return change


def only(refs, index):
    """The reference of one chunk."""
    return [ref for ref in refs if ref["index"] == list(index)]


def main(out):
    """Writes everything."""
    data = os.path.join(out, "data")
    os.makedirs(data)
    for name, steps in STEPS.items():
        write_archive(os.path.join(data, name + ".nc"), steps)
    # The first file once more, with one chunk of `packed`, and another time one of `big`, revised.
    one_chunk = np.s_[2:4, 0:4, 6:11]
    write_archive(os.path.join(data, "a revised.nc"), STEPS["a"], revised("packed", one_chunk, np.int16(1234)))
    write_archive(os.path.join(data, "a-é%.nc"), STEPS["a"], revised("big", np.s_[0:2, 3:6, 5:10], np.int32(-77)))
    store = zarr.open_group(os.path.join(data, "store.zarr"), mode="w", zarr_format=2).create_group("zarr")
    for name, kind, compressor in (
        ("blosc", "i2", numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE)),
        ("blosc_bits", "f4", numcodecs.Blosc("zstd", 3, numcodecs.Blosc.BITSHUFFLE)),
        ("blosc_auto", "i4", numcodecs.Blosc("zlib", 1, numcodecs.Blosc.AUTOSHUFFLE)),
        ("zstd", "f8", numcodecs.Zstd(level=3)), ("zstd_fast", "i2", numcodecs.Zstd(level=-1)),
    ):
        array = store.create_array(name, shape=SHAPE, chunks=CHUNKS, dtype=kind, compressors=compressor, fill_value=None)
        array[...] = fields()["packed"][0].astype(kind)
        array.attrs["_ARRAY_DIMENSIONS"] = ["time", "y", "x"]
    with h5py.File(os.path.join(data, "checked.nc"), "w") as file:
        # h5py sums what is compressed already, netCDF4 what is not yet.
        held = fields()
        group = file.create_group("checked")
        for axis, name in enumerate(GRID):
            group[name] = np.arange(SHAPE[axis]) * 0.5
            group[name].make_scale(name)
        for name, source, options in (
            ("checked", "packed", {"shuffle": True, "compression": "gzip", "fletcher32": True}),
            ("checked_deflate", "big", {"compression": "gzip", "fletcher32": True}),
            ("checked_noise", "noise", {"shuffle": True, "compression": "gzip", "fletcher32": True}),
        ):
            dataset = group.create_dataset(name, data=held[source][0], chunks=CHUNKS, **options)
            for axis, scale in enumerate(GRID):
                dataset.dims[axis].attach_scale(group[scale])
    with netCDF4.Dataset(os.path.join(data, "many.nc"), "w") as file:
        # More than 1,000 references of one array: the library compresses their locations.
        file.createDimension("row", 35)
        file.createDimension("column", 58)
        many = file.createGroup("many").createVariable("many", "f4", ("row", "column"), chunksizes=(1, 2), zlib=True)
        many[...] = np.random.default_rng(33).normal(size=(35, 58))

    first = Version(out, "first", ["a.nc", "b.nc"])
    first.fill()
    second = Version(out, "second", ["a revised.nc", "b.nc"])
    second.fill(write=False, loaded=first.values("packed"))
    second.documents, second.stored = {}, {}
    second.virtual = {"packed": only(virtual_array("packed", second.archives)[1], (1, 0, 1))}
    assert len(second.virtual["packed"]) == 1
    branch = Version(out, "branch", ["a-é%.nc", "b.nc"])
    loaded = first.values("packed").copy()
    loaded[4:] += 1
    branch.fill(write=False, loaded=loaded)
    branch.documents, branch.stored, branch.virtual = {}, {}, {}
    whole = Version(os.path.join(out, "scratch"), "scratch", [])
    whole.loaded(loaded)
    branch.stored = {key: value for key, value in whole.stored.items() if key == "loaded/c/1/0/0"}
    branch.virtual = {"big": only(virtual_array("big", branch.archives)[1], (0, 1, 1))}
    many = os.path.join(data, "many.nc")
    branch.documents["many"] = group_document({})
    branch.documents["many/many"], branch.virtual["many/many"] = virtual_array("many", [many], "many/")
    assert len(branch.virtual["many/many"]) == 1015
    branch.case.expect("many/many", stored(many, "many", "many"), skip=["v2", "native"], tier="frame")
    branch.case.decoded("../data/many.nc", "many")

    with open(os.path.join(out, "contents.json"), "w") as file:
        json.dump([first.commit("main", "first"), second.commit("main", "second"), branch.commit("dev", "on a branch")], file)
    with open(os.path.join(out, "cases.json"), "w") as file:
        json.dump([version.case.describe() for version in (first, second, branch)], file, indent=1)
    print("3 versions, %d arrays" % sum(len(version.case.arrays) for version in (first, second, branch)))


if __name__ == "__main__":
    main(sys.argv[1])

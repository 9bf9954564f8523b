"""Reads HDF5 files by h5py and netCDF4, and the same through a gateway by zarr-python, xarray and GDAL.

    python3 hdf5_read.py FOLDER URL FILE [ID]…

Prints a line for each difference, then how much was compared.
"""

import json
import os
import sys
import warnings

import h5py
import numpy as np
import xarray as xr
import zarr
from osgeo import gdal

warnings.filterwarnings("ignore")
gdal.UseExceptions()
gdal.PushErrorHandler("CPLQuietErrorHandler")
WITH_GDAL = not os.environ.get("NO_GDAL")
FOLDER, URL = sys.argv[1], sys.argv[2]
HIDDEN = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict", "_NCProperties", "DIMENSION_LABELS"}
compared = {"arrays": 0, "attributes": 0, "datasets": 0, "gdal": 0, "unreadable": 0}
problems = 0


def differs(where, what):
    global problems
    problems += 1
    if problems < 200:
        print("DIFFERS %s: %s" % (where, what), flush=True)


def same(a, b):
    if a.dtype.kind in "OUST" or b.dtype.kind in "OUST":
        return a.shape == b.shape and [str(x) for x in a.ravel()] == [str(x) for x in b.ravel()]
    return a.shape == b.shape and a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=") and a.astype(a.dtype.newbyteorder("<")).tobytes() == b.astype(b.dtype.newbyteorder("<")).tobytes()


def text(value):
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return str(value)


def leaves(data, path):
    """The arrays that a dataset is shown as."""
    if data.dtype.names and not set(data.dtype.names) == {"r", "i"}:
        for name in data.dtype.names:
            yield from leaves(np.ascontiguousarray(data[name]), path + "/" + name)
    else:
        yield path, data


def has_no_form(dataset):
    kind = dataset.id.get_type()
    if dataset.external or dataset.is_virtual:
        return True
    if isinstance(kind, (h5py.h5t.TypeReferenceID,)) or h5py.check_ref_dtype(dataset.dtype):
        return True
    if isinstance(kind, h5py.h5t.TypeVlenID) or dataset.shape is None:
        return True
    return isinstance(kind, h5py.h5t.TypeFloatID) and (kind.get_size(), kind.get_ebias()) not in ((2, 15), (4, 127), (8, 1023))


def is_readable(dataset):
    """False where h5py has no plug-in for a filter."""
    try:
        dataset[()]
        return True
    except OSError as error:
        if "plugin" not in str(error):
            raise
        return False


def datasets(group, path=(), above=()):
    """Every dataset by each of its paths; circles not entered."""
    above = above + (group.id,)
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            continue
        try:
            item = group[name]
        except (KeyError, OSError):
            continue
        if isinstance(item, h5py.Group):
            if item.id not in above and len(path) < 20:
                yield from datasets(item, path + (name,), above)
        elif isinstance(item, h5py.Dataset):
            yield "/".join(path + (name,)), item


def shown_name(path):
    head, _, name = path.rpartition("/")
    name = name.removeprefix("_nc4_non_coord_")
    return head + "/" + name if head else name


def raw(file_path, url, where):
    root = zarr.open_group(url, mode="r", zarr_format=3)
    left_out = {entry["path"] if isinstance(entry, dict) else entry for entry in root.attrs.get("sluice:left_out", [])}
    expected = set()
    members = {path for path, node in root.members(max_depth=None) if isinstance(node, zarr.Array)}
    with h5py.File(file_path, "r") as file:
        for path, dataset in datasets(file):
            if text(dataset.attrs.get("NAME", "")).startswith("This is a netCDF dimension but not"):
                continue
            if has_no_form(dataset):
                continue
            saved = "%s.%s.npy" % (file_path, path)
            if not os.path.exists(saved) and not is_readable(dataset):
                compared["unreadable"] += 1
                expected.add(shown_name(path))
                continue
            if os.path.exists(saved):
                data = np.load(saved)
            elif h5py.check_string_dtype(dataset.dtype) and h5py.check_string_dtype(dataset.dtype).length is None:
                value = dataset[()]
                data = np.array([text(x) for x in np.ravel(np.asarray(value, object))], object).reshape(dataset.shape)
            else:
                data = np.asarray(dataset[()])
                if h5py.check_string_dtype(dataset.dtype):
                    data = data.astype("S%d" % dataset.dtype.itemsize)
            for name, values in leaves(data, shown_name(path)):
                expected.add(name)
                if name not in members:
                    differs(where, "%s is not there: %s" % (name, left_out))
                    continue
                try:
                    got = np.asarray(root[name][...])
                except Exception as error:
                    differs(where, "%s cannot be read: %s" % (name, repr(error)[:300]))
                    continue
                compared["arrays"] += 1
                if got.shape != values.shape and None in dataset.maxshape:
                    # netCDF shows a variable as long as its dimension; what is missing was never written.
                    padded = np.full(got.shape, dataset.fillvalue, values.dtype)
                    padded[tuple(slice(0, n) for n in values.shape)] = values
                    values = padded
                if values.dtype.kind == "V":
                    if got.tobytes() != values.tobytes():
                        differs(where, "%s: bytes differ" % name)
                elif not same(values, got):
                    wrong = np.argwhere(values != got)[:2].tolist() if values.shape == got.shape and values.dtype.kind != "O" else ""
                    differs(where, "%s: %s %s is %s %s %s %s" % (name, values.dtype, values.shape, got.dtype, got.shape, wrong, (str(values.ravel()[:4]), str(got.ravel()[:4]))))
            if not dataset.dtype.names:
                check_attributes(dataset, root[shown_name(path)] if shown_name(path) in members else None, where + " " + path)
        check_attributes(file, root, where + " /")
    for name in members - expected:
        differs(where, "%s is there" % name)


def check_attributes(item, node, where):
    if node is None:
        return
    got = dict(node.attrs)
    for name in item.attrs:
        if name in HIDDEN:
            continue
        value = item.attrs[name]
        if isinstance(value, h5py.Empty):
            continue
        if name in ("_FillValue", "missing_value"):
            continue
        compared["attributes"] += 1
        if name not in got:
            differs(where, "attribute %s is not there" % name)
            continue
        value = np.asarray(value)
        flat = [text(x) if value.dtype.kind in "SO" else x for x in value.ravel().tolist()]
        ours = got[name] if isinstance(got[name], list) else [got[name]]
        ours = [float(x) if isinstance(x, str) and value.dtype.kind == "f" else x for x in ours]
        if value.dtype.kind == "f" and not all(isinstance(x, float) for x in ours) or value.dtype.kind in "iu" and not all(type(x) is int for x in ours):
            differs(where, "attribute %s has another type: %r, not %r" % (name, got[name], value))
        if value.dtype.kind == "f" and any(np.isnan(flat)):
            flat, ours = str(flat), str(ours)
        if flat != ours and not (flat == [] and got[name] in ("", [])):
            differs(where, "attribute %s is %r, not %r" % (name, str(got[name])[:100], str(value)[:100]))
    for name in got:
        if name not in item.attrs and name not in ("flag_values", "flag_meanings", "sluice:left_out", "_FillValue"):
            differs(where, "attribute %s is there: %r" % (name, got[name]))


def as_xarray(file_path, url, where, engine):
    """Each group as xarray has it of the file and through the gateway, decoded and not."""
    groups = ["/"]
    with h5py.File(file_path, "r") as file:
        file.visititems(lambda name, item: groups.append(name) if isinstance(item, h5py.Group) else None)
    for group in groups:
        for decode in (True, False):
            options = {"phony_dims": "sort"} if engine == "h5netcdf" else {}
            theirs = xr.open_dataset(file_path, engine=engine, group=group, mask_and_scale=decode, decode_times=decode, decode_coords=decode, **options)
            ours = xr.open_dataset(url, engine="zarr", group=None if group == "/" else group, consolidated=True, mask_and_scale=decode, decode_times=decode, decode_coords=decode)
            compare_datasets(theirs, ours, "%s %s %s" % (where, group, "decoded" if decode else "raw"), decode)


def compare_datasets(theirs, ours, where, decode):
    if set(theirs.variables) != set(ours.variables):
        differs(where, "variables: %s, not %s" % (sorted(set(ours.variables) - set(theirs.variables)), sorted(set(theirs.variables) - set(ours.variables))))
    if set(theirs.coords) != set(ours.coords):
        differs(where, "coords %s, not %s" % (set(ours.coords), set(theirs.coords)))
    for name in set(theirs.variables) & set(ours.variables):
        a, b = theirs.variables[name], ours.variables[name]
        compared["datasets"] += 1
        # h5netcdf and netCDF-C number the dimensions that have no name in orders of their own.
        plain = lambda dims: ["phony" if str(dim).startswith("phony_dim_") else dim for dim in dims]
        if plain(a.dims) != plain(b.dims):
            differs(where, "%s has dims %s, not %s" % (name, b.dims, a.dims))
            continue
        x, y = np.asarray(a.values), np.asarray(b.values)
        if x.dtype.kind in "OUST":
            if [text(v) for v in x.ravel()] != [text(v) for v in y.ravel()]:
                differs(where, "%s is %s, not %s" % (name, y.ravel()[:4], x.ravel()[:4]))
        elif not same(x, y):
            nans = x.shape == y.shape and x.dtype.kind == "f" and x.dtype == y.dtype and np.array_equal(x, y, equal_nan=True)
            if not nans:
                differs(where, "%s is %s %s, not %s %s" % (name, y.dtype, y.ravel()[:6], x.dtype, x.ravel()[:6]))
        skip = {"_FillValue"}
        for key in set(a.attrs) | set(b.attrs):
            if key in skip or key in ("flag_values", "flag_meanings") and key not in a.attrs:
                continue
            u, v = a.attrs.get(key), b.attrs.get(key)
            if not np.array_equal(np.ravel(np.asarray(u)), np.ravel(np.asarray(v))):
                try:
                    if np.array_equal(np.ravel(np.asarray(u, float)), np.ravel(np.asarray(v, float)), equal_nan=True):
                        continue
                except (TypeError, ValueError):
                    pass
                differs(where, "%s.%s is %r, not %r" % (name, key, v, u))


def by_gdal(file_path, url, where):
    """Numbers as GDAL reads them through the gateway."""
    dataset = gdal.OpenEx('ZARR:"/vsicurl?list_dir=no&url=%s"' % url, gdal.OF_MULTIDIM_RASTER)
    root = dataset.GetRootGroup()
    with h5py.File(file_path, "r") as file:
        for path, item in datasets(file):
            if item.shape is None or item.dtype.kind not in "iuf" or 0 in item.shape or item.dtype == "f2" or h5py.check_enum_dtype(item.dtype):
                continue
            if text(item.attrs.get("NAME", "")).startswith("This is a netCDF dimension but not") or has_no_form(item):
                continue
            array = root.OpenMDArrayFromFullname("/" + shown_name(path))
            if array is None:
                differs(where, "GDAL has no %s" % path)
                continue
            if not is_readable(item):
                continue
            saved = "%s.%s.npy" % (file_path, path)
            values = np.load(saved) if os.path.exists(saved) else np.asarray(item[()])
            compared["gdal"] += 1
            got = np.asarray(array.ReadAsArray()) if 0 not in values.shape else values
            got = got[tuple(slice(0, n) for n in values.shape)].reshape(values.shape)
            if values.dtype.itemsize == 1 and values.dtype.kind == "i":
                got = got.astype("i1")
            if not np.array_equal(values.astype(values.dtype.newbyteorder("=")), got.astype(values.dtype.newbyteorder("=")), equal_nan=values.dtype.kind == "f"):
                differs(where, "GDAL reads %s as %s, not %s" % (path, got.ravel()[:5], values.ravel()[:5]))
            nodata = array.GetNoDataValueAsDouble()
            declared = item.attrs.get("_FillValue")
            if declared is not None and nodata is not None and values.dtype.kind == "f" and not np.isnan(declared) and np.dtype(values.dtype).type(nodata) != declared:
                differs(where, "GDAL's nodata of %s is %s, not %s" % (path, nodata, declared))


for spec in sys.argv[3:]:
    name, _, base = spec.partition("=")
    file_path, url = os.path.join(FOLDER, name), "%s/%s" % (URL, base or name)
    try:
        raw(file_path, url, name)
        if name.startswith(("netcdf", "xarray", "paged_netcdf")):
            as_xarray(file_path, url, name, "netcdf4")
            as_xarray(file_path, url, name, "h5netcdf")
        elif name.startswith("scales"):
            as_xarray(file_path, url, name, "h5netcdf")
        if WITH_GDAL:
            by_gdal(file_path, url, name)
    except Exception as error:
        import traceback
        differs(name, repr(error)[:500] + traceback.format_exc()[-800:])
print(json.dumps({**compared, "problems": problems}))

"""Variables whose names hold question marks: written by h5py, read by zarr-python and xarray.

    question_names.py write FOLDER        writes names.h5, names.json
    question_names.py check FOLDER URL    compares every value with the file's own
"""

import json
import sys

import h5py
import numpy as np

NAMES = ["a?b", "?c", "what?", "g?/in ner?x", "plain", "x?y?z"]


def write(folder):
    """Several chunks of random data, never the fill value."""
    random = np.random.default_rng(7)
    path = folder + "/names.h5"
    with h5py.File(path, "w") as file:
        for name in NAMES:
            values = random.integers(1, 1000, (6, 4)).astype("<i4")
            data = file.create_dataset(name, data=values, chunks=(2, 4), compression="gzip")
            for dimension, label in zip(data.dims, ("y", "x")):
                dimension.label = label
    from kerchunk.hdf import SingleHdf5ToZarr

    with open(folder + "/names.json", "w") as file:
        json.dump(SingleHdf5ToZarr(path, path, inline_threshold=0).translate(), file)


def check(folder, url):
    """Exits with an assertion where a value is another one."""
    import zarr

    with h5py.File(folder + "/names.h5") as file:
        for view, version in (("", 3), ("~native", 3), ("~v2", 2)):
            root = zarr.open_group(url + view, mode="r", zarr_format=version)
            for name in NAMES:
                # consolidated, and with requests for the array's own metadata
                alone = zarr.open_array("%s%s/%s" % (url, view, name), mode="r", zarr_format=version)
                for array in (root[name], alone):
                    assert np.array_equal(array[...], file[name][...]), (view, name)
    print("%d names in 3 views" % len(NAMES))


globals()[sys.argv[1]](*sys.argv[2:])

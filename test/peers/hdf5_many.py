"""HDF5 files of very many chunks of one byte, whose value tells the chunk: 1 + ordinal * 7 % 251.

    python3 hdf5_many.py FOLDER

In datasets named `every_N` the chunks whose ordinal N divides are written, no others.
"""

import os
import sys

import h5py
import numpy as np

FOLDER = sys.argv[1]
os.makedirs(FOLDER, exist_ok=True)


def write(file, name, shape, maxshape, step):
    made = file.create_dataset("%s/every_%d" % (name, step), shape, "u1", chunks=(1,) * len(shape), maxshape=maxshape)
    count = int(np.prod(shape))
    values = (1 + np.arange(count) * 7 % 251).astype("u1").reshape(shape)
    if step == 1:
        made[...] = values
        return
    for ordinal in range(0, count, step):
        place = np.unravel_index(ordinal, shape)
        made[place] = values[place]


for version in "earliest", "latest":
    with h5py.File(os.path.join(FOLDER, "many_%s.h5" % version), "w", libver=version) as file:
        write(file, "grows", (250000,), (None,), 1)
        write(file, "grows", (400000,), (None,), 4001)
        write(file, "fixed", (30000,), None, 1)
        write(file, "fixed", (30000,), None, 3500)
        write(file, "both", (120, 130), (None, None), 1)
        write(file, "both", (120, 130), (None, None), 17)
        write(file, "second", (3, 9000), (3, None), 1)
        write(file, "second", (3, 9000), (3, None), 2501)

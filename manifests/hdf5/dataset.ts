/** A dataset as its object header describes it. */

import { IndexError } from "../../src/errors.ts";
import { type Dataspace, parseDataspace } from "./dataspace.ts";
import { type Datatype, parseDatatype } from "./datatype.ts";
import type { FieldSizes } from "./cursor.ts";
import { parseFillValue } from "./fill_value.ts";
import type { Hdf5Filter } from "../hdf5_filters.ts";
import { parseFilters } from "./filters.ts";
import { type DataLayout, parseLayout } from "./layout.ts";
import { MESSAGE, type Message } from "./object_header.ts";

/** What a dataset is and how it is stored. */
export interface Dataset {
  /** What an element is. */
  readonly type: Datatype;
  /** Its shape. */
  readonly space: Dataspace;
  /** How its bytes are stored. */
  readonly layout: DataLayout;
  /** In the order in which they were applied. */
  readonly filters: readonly Hdf5Filter[];
  /** An element's bytes; undefined where HDF5's own fill value counts, which is zeros. */
  readonly fillValue?: Uint8Array;
  /** True if its bytes lie in other files. */
  readonly isExternal: boolean;
}

/** The dataset with those messages; undefined for a named datatype. @throws IndexError */
export function parseDataset(
  messages: readonly Message[],
  sizes: FieldSizes,
): Dataset | undefined {
  const data = (type: number) => messages.find((message) => message.type === type)?.data;
  const layout = data(MESSAGE.layout);
  if (!layout) return undefined;
  const type = data(MESSAGE.datatype);
  const space = data(MESSAGE.dataspace);
  if (!type || !space) throw new IndexError("A dataset has no type or no shape");
  const filters = data(MESSAGE.filters);
  return {
    type: parseDatatype(type, sizes),
    space: parseDataspace(space, sizes),
    layout: parseLayout(layout, sizes),
    filters: filters ? parseFilters(filters, sizes) : [],
    fillValue: parseFillValue(messages, sizes),
    isExternal: data(MESSAGE.externalFiles) !== undefined,
  };
}

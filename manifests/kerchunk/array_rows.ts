/** From references grouped by the spelling of their keys to the chunks of each array. */

import { IndexError } from "../../src/errors.ts";
import { chunkOrdinal } from "../../src/zarr/chunk_grid.ts";
import type { DocumentHierarchy } from "../document_hierarchy.ts";
import type { UnorderedRows } from "../references/reference_rows.ts";
import type { KeyGroup } from "./key_group.ts";

/** Which rows of a group belong to which array. */
export interface AssignedRows {
  /** How many of the key's numbers are segments of the array's path. */
  readonly skip: number;
  /** True if a `c` stands between the path and the numbers. */
  readonly isDefault: boolean;
  /** The rows of the group; undefined: all. */
  readonly rows?: number[];
}

/** The arrays that a group's keys may be chunks of, by path, judged by their names alone. */
export function assignRows(
  group: KeyGroup,
  arrays: ReadonlySet<string>,
): Map<string, AssignedRows> {
  // "a/c/" and "a/c." lead to the v3 array "a", "a/c" is its scalar, "a/" leads to "a"
  const v3 = /^(?:(.*)\/)?c[./]?$/.exec(group.base);
  const path = v3 ? v3[1] ?? "" : group.base.replace(/\/$/, "");
  if (arrays.has(path)) return new Map([[path, { skip: 0, isDefault: v3 !== null }]]);
  const named = group.base.slice(0, -1); // an array that is called "c"; "c.1" is another
  if (v3 && group.base.endsWith("/") && arrays.has(named)) {
    return new Map([[named, { skip: 0, isDefault: false }]]);
  }
  return assignByNumbers(group, arrays);
}

/** Arrays whose names are numbers themselves: `0/1.2` may be chunk 1.2 of the array `0`. */
function assignByNumbers(
  group: KeyGroup,
  arrays: ReadonlySet<string>,
): Map<string, AssignedRows> {
  const found = new Map<string, { skip: number; isDefault: false; rows: number[] }>();
  for (let row = 0; row < group.rows.rows; row++) {
    let path = group.base;
    for (let i = 0; i < group.count - 1; i++) {
      path += group.rows.number(row, i);
      const isSegment = ((group.slashes >>> i) & 1) === 1;
      if (isSegment && arrays.has(path)) {
        const assigned = found.get(path) ?? { skip: i + 1, isDefault: false, rows: [] };
        assigned.rows.push(row);
        found.set(path, assigned);
        break;
      }
      path += isSegment ? "/" : ".";
    }
  }
  return found;
}

/** The rows with their places in the array's grid; undefined if no key of the group is a chunk of it. */
export function rowsOf(
  hierarchy: DocumentHierarchy,
  path: string,
  group: KeyGroup,
  { skip, isDefault, rows }: AssignedRows,
): UnorderedRows | undefined {
  let layout;
  try {
    layout = hierarchy.layout(path);
  } catch (fault) {
    if (!(fault instanceof IndexError)) throw fault;
    // thrown again when the array is asked for: one broken document must not close the rest
    return undefined;
  }
  if (!layout) return undefined;
  const { grid, encoding } = layout;
  const rank = group.count - skip;
  const isScalar = grid.length === 0 && (isDefault ? rank === 0 : rank === 1);
  const isSpelledRight = encoding.name === "default"
    ? isDefault && (rank === 0 || group.base.endsWith(encoding.separator))
    : rank > 0 && !isDefault;
  if (!isSpelledRight || (rank !== grid.length && !isScalar)) return undefined;
  if (!group.isSeparatedBy(encoding.separator, skip, group.count)) return undefined;
  const coords = new Array<number>(grid.length);
  const held = group.rows;
  const at = (row: number) => rows ? rows[row] : row;
  return {
    rows: rows ? rows.length : held.rows,
    ordinal(row) {
      // the one chunk of a v2 scalar is "0"
      if (isScalar) return rank === 1 && held.number(at(row), skip) !== 0 ? undefined : 0;
      for (let i = 0; i < coords.length; i++) coords[i] = held.number(at(row), skip + i);
      return chunkOrdinal(layout, coords);
    },
    id: (row) => held.ids.get(at(row)),
    offset: (row) => held.offsets.get(at(row)),
    length: (row) => held.lengths.get(at(row)),
  };
}

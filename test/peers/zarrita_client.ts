/** zarrita as a client: what it reads, as the bytes that NumPy would have. */

import * as zarr from "npm:zarrita@0.7.5";
import type { Case, ExpectedArray } from "./served_cases.ts";

/** Opens a served dataset by its consolidated metadata, or its root array. */
export async function openDataset(url: string) {
  const store = await zarr.withMaybeConsolidatedMetadata(new zarr.FetchStore(url), {
    format: "v3",
  });
  const paths = "contents" in store
    ? store.contents().filter((entry) => entry.kind === "array").map((entry) => entry.path.slice(1))
    : [];
  const root = zarr.root(store);
  return {
    paths,
    array: (path: string) =>
      zarr.open.v3(path === "" ? root : root.resolve(path), { kind: "array" }),
  };
}

/** What an array reads as that differs from `expected`; empty if nothing does. */
export async function readProblem(
  array: zarr.Array<zarr.DataType, zarr.Readable>,
  expected: ExpectedArray,
  folder: string,
): Promise<string> {
  if (JSON.stringify(array.shape) !== JSON.stringify(expected.shape)) {
    return `shape ${array.shape}, not ${expected.shape}`;
  }
  const got = await zarr.get(array);
  if (expected.dtype === "string") {
    const want = JSON.parse(await Deno.readTextFile(`${folder}/${expected.expected}`));
    const values = Array.from(got.data as Iterable<unknown>);
    const wrong = want.findIndex((item: string, i: number) => item !== values[i]);
    return wrong < 0 ? "" : `cell ${wrong} is ${values[wrong]}, not ${want[wrong]}`;
  }
  const want = await Deno.readFile(`${folder}/${expected.expected}`);
  const bytes = array.shape.length === 0
    ? scalarBytes(got, expected.dtype)
    : cOrderBytes(got, expected.shape);
  if (bytes.length !== want.length) return `${bytes.length} bytes, not ${want.length}`;
  const wrong = bytes.findIndex((byte, i) => byte !== want[i]);
  return wrong < 0 ? "" : `byte ${wrong} of ${want.length} (${array.dtype}) differs`;
}

/** The bytes of a scalar, which zarrita gives as a bare value. */
function scalarBytes(value: unknown, dtype: string): Uint8Array {
  const view = new DataView(new ArrayBuffer(Number(dtype.slice(2))));
  const setters: Record<string, () => void> = {
    "|b1": () => view.setUint8(0, Number(value)),
    "|u1": () => view.setUint8(0, value as number),
    "<i2": () => view.setInt16(0, value as number, true),
    "<i4": () => view.setInt32(0, value as number, true),
    "<i8": () => view.setBigInt64(0, value as bigint, true),
    "<u8": () => view.setBigUint64(0, value as bigint, true),
    "<f4": () => view.setFloat32(0, value as number, true),
    "<f8": () => view.setFloat64(0, value as number, true),
  };
  setters[dtype]();
  return new Uint8Array(view.buffer);
}

/** The cells of a chunk in C order, whatever its strides, as little-endian bytes. */
function cOrderBytes(chunk: unknown, shape: readonly number[]): Uint8Array {
  if (typeof chunk !== "object" || chunk === null || !("data" in chunk)) {
    throw new TypeError(`zarrita gave ${chunk} for an array`);
  }
  const { data, stride } = chunk as { data: unknown; stride: number[] };
  // BoolArray and the string arrays of zarrita wrap their buffer.
  const wrapped = data as {
    buffer: ArrayBuffer;
    byteOffset: number;
    byteLength: number;
    length: number;
  };
  const source = new Uint8Array(wrapped.buffer, wrapped.byteOffset ?? 0, wrapped.byteLength);
  const cells = shape.reduce((a, b) => a * b, 1);
  const size = cells === 0 ? 1 : source.length / wrapped.length;
  const out = new Uint8Array(cells * size);
  const at = shape.map(() => 0);
  for (let cell = 0; cell < cells; cell++) {
    const from = at.reduce((sum, k, axis) => sum + k * stride[axis], 0) * size;
    out.set(source.subarray(from, from + size), cell * size);
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis] === shape[axis]; axis--) at[axis] = 0;
  }
  return out;
}

/** The arrays of a case that zarrita has the data types for. */
export function arraysForZarrita(one: Case): ExpectedArray[] {
  return one.arrays.filter((array) =>
    !array.skip.includes("zarrita") && (array.only ?? ["zarrita"]).includes("zarrita")
  );
}

/** Rows `[from, to)` of an array, for the tests of faults. */
export async function readRows(
  array: zarr.Array<zarr.DataType, zarr.Readable>,
  [from, to]: number[],
): Promise<number[]> {
  const got = await zarr.get(array, [zarr.slice(from, to), null]);
  return Array.from(got.data as Iterable<number>);
}

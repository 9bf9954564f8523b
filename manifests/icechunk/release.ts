/** Memory given back at once, for arrays of many megabytes that the collector would keep for a while. */

/** Frees the memory of `array`, which must not be used any more. A part of a buffer is left alone. */
export function release(array: ArrayBufferView<ArrayBuffer>): void {
  if (array.byteLength === array.buffer.byteLength) array.buffer.transfer(0);
}

/** Memory given back at once, for arrays of many megabytes that the collector would keep for a while. */

/** Detaches the buffer of `array`, which must not be used any more. A part of a buffer is left alone. */
export function detach(array: ArrayBufferView<ArrayBuffer>): void {
  if (array.byteLength === array.buffer.byteLength) array.buffer.transfer(0);
}

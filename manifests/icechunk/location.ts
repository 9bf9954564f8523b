/**
 * Where a virtual chunk lies: an absolute URL, or (version 2) `vcc://<container>/<path>` below the
 * URL prefix of one of the repository's virtual chunk containers.
 *
 * A container only gives a location its prefix. Whether that place may be read is for the dataset's
 * allowed origins alone.
 */

import { IndexError } from "../../src/errors.ts";
import { decodeText } from "./flatbuffer.ts";
import { MAX_LOCATION_BYTES } from "./manifest_file.ts";

/** Container name → URL prefix. */
export type Containers = ReadonlyMap<string, string>;

const SCHEME = [..."vcc://"].map((character) => character.charCodeAt(0));

/** True if a location is below a container, `vcc://…`. */
export function isRelativeLocation(location: Uint8Array): boolean {
  return SCHEME.every((byte, i) => location[i] === byte);
}

/** The URL that a reference's location means. @throws IndexError */
export function locationUrl(location: Uint8Array, containers: Containers): URL {
  if (location.length > MAX_LOCATION_BYTES) {
    throw new IndexError(`A reference's location is over ${MAX_LOCATION_BYTES} bytes`);
  }
  const text = decodeText(location);
  const relative = /^vcc:\/\/([^/]*)\/(.*)$/s.exec(text);
  const absolute = relative ? containerPrefix(relative[1], containers) + relative[2] : text;
  const url = URL.parse(absolute);
  if (!url) throw new IndexError("A reference's location is not a URL", { url: absolute });
  // To an object store "." and ".." are names, which no URL can hold: it would mean another object.
  if (!HIERARCHICAL.has(url.protocol) && DOT_SEGMENT.test(absolute)) {
    throw new IndexError('A reference\'s location has a segment "." or ".."', { url: absolute });
  }
  return url;
}

const HIERARCHICAL = new Set(["http:", "https:", "file:"]);
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:$|[/?#])/i;

function containerPrefix(name: string, containers: Containers): string {
  const prefix = containers.get(name) ?? containers.get(decodeName(name));
  if (prefix === undefined) {
    throw new IndexError("A reference names a virtual chunk container that the repository lacks", {
      container: name,
    });
  }
  return prefix.endsWith("/") ? prefix : `${prefix}/`;
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // not escaped, then
  }
}

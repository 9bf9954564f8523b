/** The members of a JSON object as they are written: parsed and written again, `NaN` would be `"NaN"`. */

import { EntryScanner } from "./json_scanner.ts";

const encoder = new TextEncoder();
const CLOSE_OBJECT = 0x7d;

/**
 * Name → the text of its value; of a text value (older kerchunk's documents) what it stands for. Of
 * repeated names the last counts.
 *
 * @param json UTF-8 that parses as a JSON object
 */
export function jsonMembers(json: Uint8Array): Map<string, Uint8Array> {
  const members = new Map<string, Uint8Array>();
  const scanner = new EntryScanner();
  scanner.bytes = json;
  scanner.end = json.length;
  const hasByteOrderMark = json[0] === 0xef;
  let at = scanner.skipSpace(hasByteOrderMark ? 3 : 0) + 1;
  scanner.closed = json[scanner.skipSpace(at)] === CLOSE_OBJECT;
  while (!scanner.closed) {
    const start = scanner.scanKey(at);
    const name = scanner.text(scanner.key);
    const end = scanner.scanValue(start);
    members.set(
      name,
      scanner.kind === "string"
        ? encoder.encode(scanner.text(scanner.value))
        : json.slice(start, end),
    );
    at = scanner.scanDelimiter(end);
  }
  return members;
}

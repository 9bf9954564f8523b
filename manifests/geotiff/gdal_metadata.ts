/** GDAL's own tags: metadata as XML (42112) and the value of no data (42113). Source: GDAL's GTiff driver. */

import { SaxesParser } from "saxes";

/** One `<Item>`. */
export interface MetadataItem {
  /** What it is called. */
  readonly name: string;
  /** Its text. */
  readonly value: string;
  /** The band that it is about, from 0; undefined if it is about all. */
  readonly sample?: number;
  /** What GDAL keeps there for itself: `scale`, `offset`, `unittype`, `description`, …. */
  readonly role?: string;
  /** The domain of metadata; the usual one if absent. */
  readonly domain?: string;
}

/** The items of `<GDALMetadata>`; those before a fault, where it is malformed. Never throws. */
export function parseGdalMetadata(xml: string): MetadataItem[] {
  const items: MetadataItem[] = [];
  const parser = new SaxesParser();
  let open: Omit<MetadataItem, "value"> | undefined;
  let text = "";
  parser.on("opentag", ({ name, attributes }) => {
    if (name !== "Item") return;
    const { name: called, sample, role, domain } = attributes as Record<string, string>;
    open = {
      name: called ?? "",
      ...(/^\d{1,5}$/.test(sample ?? "") && { sample: Number(sample) }),
      ...(role !== undefined && { role }),
      ...(domain && { domain }),
    };
    text = "";
  });
  parser.on("text", (part) => text += part);
  parser.on("cdata", (part) => text += part);
  parser.on("closetag", ({ name }) => {
    if (name !== "Item" || !open) return;
    items.push({ ...open, value: text });
    open = undefined;
  });
  parser.on("error", () => {});
  parser.write(xml).close();
  return items;
}

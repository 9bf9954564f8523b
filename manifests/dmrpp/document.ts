/** A DMR++ document: groups, dimensions, enumerations, attributes and variables, each as its element ends. */

import { IndexError } from "../../src/errors.ts";
import type { Json, JsonObject } from "../../src/json.ts";
import { HIDDEN_ATTRIBUTES, PURE, variableName } from "../hdf5/dimensions.ts";
import { IndexBuilder } from "../index_builder.ts";
import type { MemoryIndex } from "../memory_manifest.ts";
import { childPath } from "../node_tree.ts";
import { dataFile } from "./data_file.ts";
import { attributeValue, isType } from "./types.ts";
import { type Dimension, type Enumeration, Variable } from "./variable.ts";
import { type ElementReader, readXml, type XmlStart } from "./xml.ts";

/** The namespace of the elements that DMR++ adds to. */
export const DAP_NAMESPACE = "http://xml.opendap.org/ns/DAP/4.0#";

/** Attributes by which DAP servers keep what names were before they changed them. */
const SERVER_ATTRIBUTES = new Set(["fullnamepath", "origname", "FullPath"]);
/** Containers whose attributes are those of what they stand in. */
const UNWRAPPED = new Set(["HDF5_GLOBAL", "NC_GLOBAL"]);

/** Reads the document at `url`. @throws IndexError */
export async function readDocument(
  content: AsyncIterable<Uint8Array>,
  url: URL,
  maxBytes: number,
): Promise<MemoryIndex> {
  const document = new Document(new IndexBuilder(url, maxBytes), maxBytes);
  await readXml(content, maxBytes, document);
  return { ...await document.index.finish(), doubts: document.doubts };
}

class Document implements ElementReader {
  readonly doubts: string[] = [];
  readonly #sizes = new Map<string, number>();
  readonly #enumerations = new Map<string, Enumeration>();
  readonly #paths = new Set<string>();
  readonly #phony = new Map<string, string[]>();
  #phonyDimensions = 0;

  constructor(readonly index: IndexBuilder, readonly maxBytes: number) {}

  child({ name, uri, attributes }: XmlStart): ElementReader {
    // some writers leave the namespace out
    const isDap = uri === DAP_NAMESPACE || uri === "" && attributes.has("dapVersion");
    if (name !== "Dataset" || !isDap) {
      throw new IndexError("The document is no DMR++: its root is no Dataset of DAP4");
    }
    const href = attributes.get("href");
    let file: string | undefined;
    return this.#group("", () => file ??= dataFile(href, this.index.base));
  }

  #group(path: string, file: () => string): ElementReader {
    const attributes = new Map<string, Json>();
    return {
      child: (start) => {
        const name = start.attributes.get("name") ?? "";
        if (start.name === "Attribute") return attributeReader(start, attributes);
        if (start.name === "Dimension") {
          this.#sizes.set(`${path}/${name}`, Number(start.attributes.get("size")));
        } else if (start.name === "Enumeration") return this.#enumeration(path, start);
        else if (start.name === "Group") {
          const own = this.#free(path, name);
          return own === undefined ? undefined : this.#group(own, file);
        } else if (isType(start.name)) return this.#variable(path, start, file);
        return undefined;
      },
      end: () => {
        const document: JsonObject = {
          zarr_format: 3,
          node_type: "group",
          attributes: shown(attributes),
        };
        this.index.node(path, document);
      },
    };
  }

  /** The path of `name` below `group`; undefined if it cannot have one. @throws IndexError for a second of its name */
  #free(group: string, name: string): string | undefined {
    if (/^\.{0,2}$|\/|^zarr\.json$/.test(name)) {
      this.doubts.push(`"${name}" in "/${group}" is not shown: its name cannot be part of a path`);
      return undefined;
    }
    const path = childPath(group, name);
    if (this.#paths.has(path)) throw new IndexError(`The document has two of "/${path}"`);
    this.#paths.add(path);
    return path;
  }

  #enumeration(path: string, { attributes }: XmlStart): ElementReader {
    const own = { base: attributes.get("basetype") ?? "", names: [], values: [] } as {
      base: string;
      names: string[];
      values: string[];
    };
    this.#enumerations.set(`${path}/${attributes.get("name")}`, own);
    return {
      child(start) {
        own.names.push(start.attributes.get("name") ?? "");
        own.values.push(start.attributes.get("value") ?? "");
        return undefined;
      },
    };
  }

  #variable(group: string, start: XmlStart, file: () => string): ElementReader | undefined {
    const path = this.#free(group, variableName(start.attributes.get("name") ?? ""));
    if (path === undefined) return undefined;
    const attributes = new Map<string, Json>();
    const used = new Set<string>();
    let isPure = false;
    const variable = new Variable(path, start.name, this.index, file, this.maxBytes);
    const named = start.attributes.get("enum");
    if (named !== undefined) variable.enumeration = this.#find(this.#enumerations, group, named);
    return {
      child: (inner) => {
        if (inner.name === "Attribute") {
          if (inner.attributes.get("name") === "NAME") {
            return textReader((text) => isPure ||= text.startsWith(PURE));
          }
          return attributeReader(inner, attributes);
        }
        if (inner.name === "Dim") {
          variable.dimensions.push(this.#dimension(group, inner, used));
          return undefined;
        }
        return isPure ? undefined : variable.child(inner);
      },
      end: () => {
        if (!isPure) variable.finish(shown(attributes));
      },
    };
  }

  #dimension(group: string, { attributes }: XmlStart, used: Set<string>): Dimension {
    const name = attributes.get("name");
    if (name !== undefined) {
      const length = this.#find(this.#sizes, group, name);
      if (length === undefined) throw new IndexError(`There is no dimension "${name}"`);
      return { name: name.slice(name.lastIndexOf("/") + 1), length };
    }
    const size = attributes.get("size") ?? "";
    const key = `${group}/${size}`;
    const known = this.#phony.get(key) ?? [];
    let phony = known.find((each) => !used.has(each));
    if (phony === undefined) known.push(phony = `phony_dim_${this.#phonyDimensions++}`);
    used.add(phony);
    this.#phony.set(key, known);
    return { name: phony, length: size === "" ? NaN : Number(size) };
  }

  /** What is called `name` (from the root, or from `group` upwards). */
  #find<T>(all: ReadonlyMap<string, T>, group: string, name: string): T | undefined {
    if (name.startsWith("/")) return all.get(name) ?? all.get(name.slice(1));
    for (let at = group;; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
      const found = all.get(`${at}/${name}`);
      if (found !== undefined || at === "") return found;
    }
  }
}

function attributeReader(
  { attributes }: XmlStart,
  into: Map<string, Json>,
): ElementReader | undefined {
  const name = attributes.get("name") ?? "";
  const type = attributes.get("type") ?? "";
  if (type === "Container") {
    return UNWRAPPED.has(name)
      ? { child: (start) => start.name === "Attribute" ? attributeReader(start, into) : undefined }
      : undefined;
  }
  if (type === "OtherXML" || HIDDEN_ATTRIBUTES.has(name) || SERVER_ATTRIBUTES.has(name)) {
    return undefined;
  }
  const values: string[] = [];
  return {
    ...textReader((text) => values.push(text)),
    end: () => void into.set(name, attributeValue(type, values)),
  };
}

function textReader(take: (text: string) => void): ElementReader {
  return {
    child: (start) => ({ end: (text) => take(start.attributes.get("value") ?? text) }),
  };
}

function shown(attributes: ReadonlyMap<string, Json>): JsonObject {
  return Object.fromEntries(attributes);
}

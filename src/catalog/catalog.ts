/** The catalog at work: from a dataset's id to the dataset. */

import type { CatalogConfig } from "./catalog_file.ts";
import { type CatalogParts, Dataset } from "./dataset.ts";
import { SluiceError } from "../errors.ts";

export class Catalog {
  readonly datasets: ReadonlyMap<string, Dataset>;

  /** @param base what relative URLs and paths of the file are relative to */
  constructor(config: CatalogConfig, base: URL, parts: CatalogParts) {
    this.datasets = new Map(
      Object.entries(config.datasets).map(([id, dataset]) => {
        const origins = dataset.origins.map((prefix) => new URL(prefix, base).href);
        const url = new URL(dataset.url, base);
        return [id, new Dataset(id, { ...dataset, origins }, url, parts)];
      }),
    );
  }

  get(id: string): Dataset {
    const dataset = this.datasets.get(id);
    if (!dataset) throw new SluiceError("not-found", `There is no dataset "${id}"`);
    return dataset;
  }
}

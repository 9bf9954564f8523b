/** What a kind of store is to the gateway: requests and answers of its protocol, and nothing else. */

import type { ByteRange } from "../byte_range.ts";
import type { ListEntry, ObjectInfo } from "./origin.ts";
import type { SourceFile, Validator } from "./source_file.ts";

export interface StoreRequest {
  readonly signal?: AbortSignal;
  /** True: not over a connection that was kept from earlier requests. */
  readonly fresh?: boolean;
  /** Answers `notModified` if the file still is this one. */
  readonly unless?: Validator;
}

/** An answer whose headers are what was asked for. All figures are bytes. */
export interface StoreAnswer {
  /** Its body is not read yet, if there is one. */
  readonly response: Response;
  /** True if `unless` still holds: there are no bytes then. */
  readonly notModified?: true;
  /** Undefined for a whole object of undeclared length. */
  readonly length?: number;
  /** Of the whole object, where the store told. */
  readonly objectLength?: number;
  /** True if HTTP itself holds the body to `length`. */
  readonly framed: boolean;
}

/** One bucket, container or host, asked once for each call. Throws `OriginError`s. */
export interface Store {
  read(
    file: SourceFile,
    range: ByteRange | undefined,
    request: StoreRequest,
  ): Promise<StoreAnswer>;
  head(file: SourceFile, request: StoreRequest): Promise<ObjectInfo>;
  /** The entries of a folder; undefined for more of them than are listed. */
  list?(folder: SourceFile, request: StoreRequest): Promise<ListEntry[] | undefined>;
}

/** What the catalog's `origins` say of stores and hosts: where they are and who we are to them. */

import { SluiceError } from "../errors.ts";
import { type CanonicalUrl, canonicalUrl } from "./canonical_url.ts";

/** Settings of everything below one URL prefix. Secrets are already read from the environment. */
export interface OriginSettings {
  /** S3: `us-east-1` unless given. */
  readonly region?: string;
  /** Base URL of an S3, Google or Azure compatible server in place of the public one. */
  readonly endpoint?: string;
  /** S3: the bucket in the path, not in the host name. The default where `endpoint` is given. */
  readonly pathStyle?: boolean;
  /** No credentials are sent. The default where none are given. */
  readonly anonymous?: boolean;
  /** S3, and Google's HMAC keys: the name of a static key. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** What temporary keys come with. */
  readonly sessionToken?: string;
  /** S3, Google: the reader's account pays. For Google, the name of the project that does. */
  readonly requesterPays?: boolean | string;
  /** A token for `Authorization: Bearer`. */
  readonly bearer?: string;
  /** A user and a password for `Authorization: Basic`. */
  readonly basic?: { readonly user: string; readonly password: string };
  /** Azure: a shared access signature, with or without its `?`. */
  readonly sas?: string;
  /** Azure: the account of `az://container/…` URLs. */
  readonly account?: string;
  /** True where the host's name leads to private addresses: otherwise it is refused. */
  readonly privateAddresses?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Places that a redirect may lead to: `host` or `host:port` or `*.domain`, or `host/path`, which names
   * exactly that path (with a slash behind it, all below). None unless given. On hosts where the dataset
   * has prefixes, a redirect must keep within them, unless its path is named here.
   */
  readonly redirects?: readonly string[];
}

export interface SettingsEntry {
  /** As it is written in the catalog. */
  readonly prefix: string;
  readonly settings: OriginSettings;
}

/** {@link OriginSettings} by URL prefix; of several that match, the longest counts. */
export class SettingsTable {
  readonly #byAuthority = new Map<string, Array<SettingsEntry & { path: string }>>();

  /**
   * @throws SluiceError `bad-request` naming the prefix that is no URL, or the setting with characters
   * that no header may have
   */
  constructor(settings: Readonly<Record<string, OriginSettings>>) {
    for (const [prefix, own] of Object.entries(settings)) {
      checkTexts(prefix, own);
      const { authority, path } = parsePrefix(prefix);
      const entries = this.#byAuthority.get(authority) ?? [];
      entries.push({ prefix, settings: own, path });
      entries.sort((a, b) => b.path.length - a.path.length);
      this.#byAuthority.set(authority, entries);
    }
  }

  /** What is set for `url`. @throws OriginError for a URL that has no canonical form */
  find(url: URL): SettingsEntry | undefined {
    return this.findCanonical(canonicalUrl(url));
  }

  findCanonical({ authority, path }: CanonicalUrl): SettingsEntry | undefined {
    return this.#byAuthority.get(authority)?.find((entry) =>
      entry.path.endsWith("/") ? path.startsWith(entry.path) : path === entry.path
    );
  }
}

// deno-lint-ignore no-control-regex
const UNSENDABLE = /[\u0000-\u001f\u007f]|[^\u0000-\u00ff]/;
/** What goes out encoded: only control characters are mistakes there. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Refuses texts that would break a request, or show up in the runtime's message about it. */
function checkTexts(
  prefix: string,
  { basic, headers, redirects: _, ...own }: OriginSettings,
): void {
  const check = (name: string, value: unknown, wrong: RegExp) => {
    if (typeof value !== "string" || !wrong.test(value)) return;
    const detail = `The setting ${name} of "${prefix}" has characters that no header may have`;
    throw new SluiceError("bad-request", detail);
  };
  for (const [name, value] of Object.entries(own)) check(name, value, UNSENDABLE);
  for (const [name, value] of Object.entries(headers ?? {})) {
    check(`headers.${name}`, value, UNSENDABLE);
  }
  check("basic.user", basic?.user, CONTROL);
  check("basic.password", basic?.password, CONTROL);
}

function parsePrefix(prefix: string): CanonicalUrl {
  if (URL.canParse(prefix)) {
    const canonical = canonicalUrl(new URL(prefix));
    // s3://bucket and https://host without a path mean all of it
    return canonical.path === "" ? { ...canonical, path: "/" } : canonical;
  }
  throw new SluiceError("bad-request", `Cannot use "${prefix}" as an origin: it is not a URL`);
}

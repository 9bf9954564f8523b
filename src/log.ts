/** The log: one JSON object a line, secrets redacted. */

import { SluiceError } from "./errors.ts";

/** Writes one event; `error` adds its code, context and causes. */
export type Log = (event: string, fields: Record<string, unknown>, error?: unknown) => void;

/**
 * A log that writes JSON lines through `write`. It never throws: a full disk or a closed pipe is no
 * reason to answer otherwise.
 */
export function jsonLog(write: (line: string) => void): Log {
  return (event, fields, error) => {
    try {
      const entry = { time: new Date().toISOString(), event, ...fields, ...describe(error) };
      write(JSON.stringify(entry, (key, value) => redact(key, value)));
    } catch {
      // there is nowhere to say it
    }
  };
}

function describe(error: unknown): Record<string, unknown> {
  if (error === undefined) return {};
  const causes: string[] = [];
  for (
    let cause: unknown = error, depth = 0;
    cause instanceof Error && depth < 5;
    cause = cause.cause, depth++
  ) {
    causes.push(`${cause.name}: ${cause.message}`);
  }
  const internal = error instanceof SluiceError && error.code === "internal";
  return {
    ...(error instanceof SluiceError ? { context: error.context } : {}),
    causes,
    ...(internal && error.cause instanceof Error ? { stack: error.cause.stack } : {}),
  };
}

const SECRET_NAME = /authorization|cookie|token|secret|password|signature|api-?key|credential/i;

/** Hides values under secret names, and the query and userinfo of every URL. */
function redact(key: string, value: unknown): unknown {
  if (SECRET_NAME.test(key) && typeof value === "string") return "[redacted]";
  if (typeof value !== "string") return value;
  return value.replace(
    /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#"']*@)?([^\s?"']*)\?[^\s"']*/gi,
    "$1$3?[redacted]",
  ).replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'@]*@/gi, "$1");
}

/** Files on HTTP hosts, and the wire of every object store that speaks HTTP. */

import { rangeHeader } from "../../byte_range.ts";
import { OriginError } from "../../errors.ts";
import type { ObjectInfo } from "../origin.ts";
import { discard, readText, type Send } from "../send.ts";
import type { Store, StoreRequest } from "../store.ts";
import { addMustMatch, addUnless, validatorOf } from "../validator.ts";
import { checkAnswer, statusFault } from "./http_response.ts";

/**
 * Reads over HTTP with `send`.
 *
 * @param address the HTTP URL of an object's URL
 */
export function httpStore(send: Send, address: (url: URL) => string): Store {
  return {
    async read(file, range, { signal, fresh, unless }) {
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      if (range) headers.range = rangeHeader(range);
      if (file.validator) addMustMatch(headers, file.validator);
      if (unless) addUnless(headers, unless);
      const response = await send({
        method: "GET",
        url: address(file.url),
        headers,
        signal,
        fresh,
      });
      try {
        const answer = checkAnswer(response, file, range, unless !== undefined);
        if (answer.notModified) await discard(response);
        return answer;
      } catch (fault) {
        await discard(response);
        throw fault;
      }
    },

    async head(file, request): Promise<ObjectInfo> {
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      if (file.validator) addMustMatch(headers, file.validator);
      const { signal, fresh } = request;
      const url = address(file.url);
      const response = await send({ method: "HEAD", url, headers, signal, fresh });
      await discard(response);
      if (response.status === 405 || response.status === 501) {
        const answer = await this.read(file, { offset: 0, length: 1 }, request);
        await discard(answer.response);
        return { length: answer.objectLength, validator: validatorOf(answer.response.headers) };
      }
      if (response.status !== 200) throw statusFault(response, file.url.href);
      const { objectLength } = checkAnswer(response, file, undefined, false);
      return { length: objectLength, validator: validatorOf(response.headers) };
    },
  };
}

export function noListing(url: URL): OriginError {
  return new OriginError("reference-unreachable", "The origin sent no listing", { url: url.href });
}

/** The text that a store answers to a GET of `address`. @throws OriginError, naming `url` */
export async function getText(
  send: Send,
  address: string,
  url: URL,
  { signal, fresh }: StoreRequest,
): Promise<string> {
  const headers = { "accept-encoding": "identity" };
  const response = await send({ method: "GET", url: address, headers, signal, fresh });
  if (response.status !== 200) {
    await discard(response);
    throw statusFault(response, url.href);
  }
  return await readText(response, url.href, signal);
}

/** Which literal addresses lead out of the public internet. Source: IANA special-purpose registries. */

import ipaddr from "ipaddr.js";

/**
 * True if `hostname`, as `URL.hostname` writes it, is a literal address that is not a public unicast
 * one (private, loopback, link-local, unspecified, NAT64, 6to4, IPv4-mapped and so on) or is a name
 * that always means this machine.
 */
export function isPrivateHost(hostname: string): boolean {
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  if (/(?:^|\.)(?:localhost|localdomain|internal|local)$/i.test(name)) return true;
  const literal = name.startsWith("[") ? name.slice(1, -1) : name;
  if (!ipaddr.isValid(literal)) return false;
  return ipaddr.parse(literal).range() !== "unicast";
}

/** True if `address` is a literal link-local one, or one of those at which clouds keep credentials. */
export function isLinkLocal(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // ::ffff:169.254.169.254 is 169.254.169.254
  const parsed = ipaddr.process(address);
  return parsed.range() === "linkLocal" || METADATA.has(parsed.toString());
}

/** Addresses of metadata services outside the link-local ranges. */
const METADATA = new Set(["100.100.100.200", "fd00:ec2::254"]);

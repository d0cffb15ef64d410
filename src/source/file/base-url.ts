/** Addresses in a source file: absolute, and http or https. References may stand for a part. */
import { hasReference, replaceReferences } from './references.js';

const SLASHES_AT_END = /\/+$/;

/** What is wrong with the address, as the end of a sentence about its field; null: nothing that can be seen. */
export function addressFault(address: string): string | null {
  // What a reference stands for may be a host or the whole address: it is checked when it is resolved.
  if (address.startsWith('${')) return null;
  const sample = replaceReferences(address, () => 'x');
  if (!/^https?:\/\//i.test(sample) || !URL.canParse(sample)) {
    return 'takes an address that begins with https:// or http://';
  }
  const { username, password, search, hash } = new URL(sample);
  if (username + password !== '')
    return 'takes an address without a user or a password, which would be kept with each run; use auth of the type http_basic';
  if (search + hash !== '') return 'takes an address without a query or a fragment; use params';
  return null;
}

/** @returns the address without slashes at its end */
export function trimAddress(address: string): string {
  return address.replace(SLASHES_AT_END, '');
}

/** Scheme, host and port of `files.example.com`, or of a whole origin; null when it is neither. */
export function originOf(host: string): string | null {
  const address = host.includes('://') ? host : `https://${host}`;
  if (hasReference(host) || addressFault(address) !== null) return null;
  const { origin, pathname } = new URL(address);
  return pathname === '/' ? origin : null;
}

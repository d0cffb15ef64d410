/**
 * By which names the HTTP server answers.
 *
 * A page of another origin can make a browser ask this machine under a name of its own (DNS rebinding)
 * and read the answer. It cannot do so by an address, nor by a name that is not its own: so loopback
 * names, addresses that the server is bound to, and names that were set are answered, and no other.
 */
import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

const EVERY_ADDRESS = new Set(['0.0.0.0', '::']);

export class KnownHosts {
  readonly #names: ReadonlySet<string>;
  /** Bound to all addresses, of which a port that is published has one more. */
  readonly #isEverywhere: boolean;

  /** @param options.host that is listened on @param options.allowed further names, without a port */
  constructor({ host, allowed }: { readonly host: string; readonly allowed: readonly string[] }) {
    this.#names = new Set(['localhost', host, ...allowed].map(plain));
    this.#isEverywhere = EVERY_ADDRESS.has(host);
  }

  /** @param header of the request; undefined: it has none, as no browser's has not */
  has(header: string | undefined): boolean {
    if (header === undefined) return true;
    const name = nameOf(header);
    if (name === null) return false;
    if (this.#names.has(name) || name.endsWith('.localhost')) return true;
    const family = isIP(name);
    if (family === 0) return false;
    return this.#isEverywhere || LOOPBACK.check(name, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** `[::1]:8080` → `::1`; null: it is no host with a port. */
function nameOf(header: string): string | null {
  const match = /^(?:\[([\da-f:.]+)\]|([^\s:/@[\]]+))(?::\d*)?$/i.exec(header);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? null : plain(name);
}

/** A name that ends in a dot is the same name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

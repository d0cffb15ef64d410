/**
 * Hashes of small integers: the simulator's only source of chance.
 *
 * Everything that looks random in the simulator is a hash of a seed and a number, so that any event
 * and any fault can be computed on demand, in any order, and twice the same.
 */

/**
 * A bijection of 32-bit integers that looks random (the "lowbias32" multipliers, found by search).
 * Being a bijection, it never maps two numbers to one: ids built on it are distinct by construction.
 */
export function mix32(value: number): number {
  let x = value | 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  x ^= x >>> 16;
  return x >>> 0;
}

/** The inverse of `mix32`. */
export function unmix32(value: number): number {
  let x = value | 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x43021123);
  x ^= (x >>> 15) ^ (x >>> 30);
  x = Math.imul(x, 0x1d69e2a5);
  x ^= x >>> 16;
  return x >>> 0;
}

/** A word for one purpose, so that draws for different purposes do not move together. */
export function purposeWord(seed: number, purpose: string): number {
  let word = mix32(seed ^ 0x9e3779b9);
  for (let index = 0; index < purpose.length; index++) {
    word = mix32(word ^ purpose.charCodeAt(index));
  }
  return word;
}

/** A number in [0, 1) for `index` under a purpose word. */
export function unitDraw(word: number, index: number): number {
  return mix32(word ^ mix32(index + 0x3c6ef372)) / 4294967296;
}

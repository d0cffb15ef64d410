/**
 * To be imported before `pg`: gives Node 20 the `navigator` that Node 21 has.
 *
 * Without it pg finds out where it runs by making a `Response`, which loads Node's own HTTP client
 * with its WebAssembly parser into each thread that has pg: 0.1 s of processor time at a start.
 */
if (!('navigator' in globalThis)) {
  const userAgent = `Node.js/${process.versions.node.split('.')[0]}`;
  Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true });
}

/** Types of comlink's adapter for worker_threads, which ships without a declaration that NodeNext finds. */
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { MessagePort, Worker } from 'node:worker_threads';
  import type { Endpoint } from 'comlink';

  // biome-ignore lint/style/noDefaultExport: this is how comlink exports it.
  export default function nodeEndpoint(port: MessagePort | Worker): Endpoint;
}

/**
 * An API of parents, and of one page of one record for each of them, in a process of its own:
 * `server.js PARENTS`. Its first line is where it listens, as JSON; it ends with its standard input.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PARENTS_A_PAGE = 5_000;
const PATH = '/api/v1/parents';

const count = Number(process.argv[2]);
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const from = Number(searchParams.get('cursor') ?? 0);
  response.setHeader('content-type', 'application/json');
  response.end(pathname === PATH ? parentsPage(from) : childPage(pathname));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`);
});
process.stdin.resume().once('close', () => process.exit(0));

function parentsPage(from: number): string {
  const end = Math.min(count, from + PARENTS_A_PAGE);
  const data = Array.from({ length: end - from }, (_, nth) => {
    return { id: from + nth + 1, name: `parent ${from + nth + 1}` };
  });
  return JSON.stringify({ data, next: end < count ? String(end) : null });
}

function childPage(pathname: string): string {
  const [parent] = pathname.slice(PATH.length + 1).split('/');
  const record = { n: Number(parent), text: 'the only record of its parent' };
  return JSON.stringify({ data: [record], next: null });
}

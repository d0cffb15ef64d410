/** Opens the HTTP server where one is asked for; loads nothing of it where none is. */
import type { CommandContext } from '../../commands/context.js';
import type { HttpFront } from './http-front.js';

/** @returns null without HTTP_PORT @throws UsageError when the port is taken */
export async function openFront(context: CommandContext): Promise<HttpFront | null> {
  const { httpPort } = context.config;
  if (httpPort === null) return null;
  const { HttpFront } = await import('./http-front.js');
  return HttpFront.listen(context, { port: httpPort, isIngesting: true });
}

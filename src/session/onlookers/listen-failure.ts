/** Why an address cannot be listened on, in a person's words. */
import { UsageError } from '../../commands/context.js';

/** @returns null when the error is another */
export function listenFailure(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): UsageError | null {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new UsageError(
        `HTTP_PORT ${port} is taken on ${host}: choose another, 0 for any that is free, or none`,
      );
    case 'EACCES':
      return new UsageError(`HTTP_PORT ${port} may not be listened on by this user`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UsageError(`HTTP_HOST ${host} is no address of this machine`);
    default:
      return null;
  }
}

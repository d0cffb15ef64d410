/** Why an address cannot be listened on, in a person's words. */
import { UserError } from '../user-error.js';

/** @returns null when the error is another */
export function listenFailure(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): UserError | null {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new UserError(
        `HTTP_PORT ${port} is taken on ${host}: choose another, 0 for any that is free, or none`,
        'usage',
      );
    case 'EACCES':
      return new UserError(`HTTP_PORT ${port} may not be listened on by this user`, 'usage');
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UserError(`HTTP_HOST ${host} is no address of this machine`, 'usage');
    default:
      return null;
  }
}

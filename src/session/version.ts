/** What the program is called by, from package.json. */
import { createRequire } from 'node:module';

const { name, version, homepage } = createRequire(import.meta.url)('../../../package.json') as {
  readonly name: string;
  readonly version: string;
  readonly homepage: string;
};

export const VERSION = version;

/** In every request that the program sends: some servers refuse who does not say who asks. */
export const USER_AGENT = `${name}/${version} (+${homepage})`;

/** Writes the tables of docs/configuration.md from the settings. Needs a build: `npm run settings`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { withSettings } = await import(
  new URL('../dist/src/config/settings-page.js', import.meta.url)
);
const page = join(root, 'docs', 'configuration.md');
writeFileSync(page, withSettings(readFileSync(page, 'utf8')));

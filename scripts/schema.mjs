/** Writes sources/schema.json, which editors check source files by. Needs a build: `npm run schema`. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'dist', 'src', 'main.js');
const schema = execFileSync(process.execPath, [program, 'source', 'schema']);
writeFileSync(join(root, 'sources', 'schema.json'), schema);

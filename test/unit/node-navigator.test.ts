/** pg must not bring a second HTTP client into a thread. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const SECOND_CLIENT = 'internal/deps/undici/undici';

/** The modules of Node itself that a fresh process has loaded after an import. */
function loadedWith(file: string): string {
  const url = new URL(file, import.meta.url).href;
  const script = `await import(${JSON.stringify(url)}); console.log(process.moduleLoadList.join('\\n'))`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
}

describe('Node’s own HTTP client stays unloaded', () => {
  test.each([
    '../../src/database/connect.js',
    '../../src/database/embedded.js',
    '../../workers/writer/connections.js',
  ])('by %s', (file) => {
    const loaded = loadedWith(file);
    expect(loaded).toContain('NativeModule crypto');
    expect(loaded).not.toContain(SECOND_CLIENT);
  });

  test('control: it would be seen', () => {
    const script = 'void globalThis.Response; console.log(process.moduleLoadList.join("\\n"))';
    const loaded = execFileSync(process.execPath, ['--eval', script], { encoding: 'utf8' });
    expect(loaded).toContain(SECOND_CLIENT);
  });
});

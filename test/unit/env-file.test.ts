import { describe, expect, test } from 'vitest';
import { readEnvFile } from '../../src/config/env-file.js';
import { findSlips } from '../../src/config/slips.js';

const LINES = 'TARGET_API_KEY=k-ü\r\nBATCH_SIZE=7\r\n';
const MARK = '\uFEFF';

describe('.env', () => {
  test.each<[string, Buffer]>([
    ['UTF-8', Buffer.from(LINES)],
    ['UTF-8 with a byte order mark', Buffer.from(MARK + LINES)],
    ['UTF-16, as PowerShell writes it', Buffer.from(MARK + LINES, 'utf16le')],
    ['UTF-16, big end first', Buffer.from(MARK + LINES, 'utf16le').swap16()],
    ['UTF-16 without a mark', Buffer.from(LINES, 'utf16le')],
    ['UTF-16, big end first, without a mark', Buffer.from(LINES, 'utf16le').swap16()],
  ])('is read in %s', (_, bytes) => {
    expect(readEnvFile(bytes)).toEqual({ TARGET_API_KEY: 'k-ü', BATCH_SIZE: '7' });
  });

  test.each([
    ['with the returns of an old Mac', 'A=1\rTARGET_API_KEY=k\rB=2'],
    ['exported', 'A=1\nexport TARGET_API_KEY=k\nB=2'],
    ['exported with wide spaces', 'A=1\n export  \tTARGET_API_KEY=k\nB=2'],
    ['in quotes', 'A=1\nTARGET_API_KEY="k"\nB=2'],
    ['in single quotes, with a comment', "A=1\nTARGET_API_KEY = 'k' # mine\nB=2"],
    ['after a line that is no setting', 'A=1\nset it here:\nTARGET_API_KEY=k\nB=2'],
  ])('gives a setting %s', (_, text) => {
    expect(readEnvFile(Buffer.from(text))).toEqual({ A: '1', TARGET_API_KEY: 'k', B: '2' });
  });

  test('of no bytes at all is no fault', () => {
    expect(readEnvFile(Buffer.alloc(0))).toEqual({});
  });

  test('that is no text is refused', () => {
    const wide = Buffer.concat([...LINES].map((letter) => Buffer.from(`${letter}\0\0\0`)));
    expect(() => readEnvFile(wide)).toThrow(/save it as UTF-8/);
  });

  test('of another code page is refused where it garbles a value', () => {
    const bytes = Buffer.from('# für mich\nPGPASSWORD=hünter2\nA=1', 'latin1');
    expect(() => readEnvFile(bytes)).toThrow(/is not UTF-8, which garbles PGPASSWORD/);
    const comment = Buffer.from('# für mich\nA=1', 'latin1');
    expect(readEnvFile(comment)).toEqual({ A: '1' });
  });
});

describe('a slip', () => {
  const SETTINGS = ['API_BASE_URL', 'TARGET_API_KEY', 'HTTP_PORT'];

  test('is a name that is nearly that of a setting', () => {
    expect(findSlips({ TARGET_APIKEY: 'k', API_BASE_URI: 'u', PATH: 'p' }, SETTINGS)).toEqual([
      { name: 'TARGET_APIKEY', meant: 'TARGET_API_KEY' },
      { name: 'API_BASE_URI', meant: 'API_BASE_URL' },
    ]);
  });

  test('is none where the setting itself is set, or the name is known to be of others', () => {
    expect(findSlips({ HTTP_PROT: '1', HTTP_PORT: '2', HTTPS_PORT: '3' }, SETTINGS)).toEqual([]);
    expect(findSlips({ HTTPS_PORT: '3', HTTP_PORT: '1' }, SETTINGS)).toEqual([]);
    expect(findSlips({ HTTPS_PORT: '3' }, SETTINGS)).toEqual([]);
  });
});

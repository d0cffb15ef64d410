/**
 * The file `.env` as editors and shells write it: PowerShell's `>` makes UTF-16 with a byte order mark,
 * Windows' own editor UTF-8 with one. Pure.
 */
import { parseEnv } from 'node:util';

/** A file that cannot be read as settings; the message says why and what to do. */
export class EnvFileError extends Error {}

/** @returns its variables, empty ones included @throws EnvFileError */
export function readEnvFile(bytes: Uint8Array): Readonly<Record<string, string>> {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes).replaceAll(/\r\n?/g, '\n');
  if (text.includes('\0')) {
    throw new EnvFileError('is no text that can be read: save it as UTF-8');
  }
  const variables: Record<string, string> = {};
  for (const [key, value = ''] of Object.entries(parseEnv(text))) {
    const name = nameOf(key);
    if (value.includes('\uFFFD')) {
      throw new EnvFileError(`is not UTF-8, which garbles ${name}: save it as UTF-8`);
    }
    variables[name] = value;
  }
  return variables;
}

/** Names and values are nearly all ASCII, of which UTF-16 makes one zero and one other byte. */
function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = bytes;
  // A byte order mark, which no valid UTF-8 begins with.
  if ((first === 0xff && second === 0xfe) || second === 0) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || first === 0) return 'utf-16be';
  return 'utf-8';
}

/** Node takes a line without a sign, and more than one space after `export`, into the name. */
function nameOf(key: string): string {
  const line = key.slice(key.lastIndexOf('\n') + 1);
  return line.replace(/^\s*(?:export\s+)?/, '').trim();
}

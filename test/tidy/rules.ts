/**
 * The house rules that no compiler or linter checks: which room may import which, what the pure
 * rooms may not call, how long a file may be. Each rule takes files and returns what breaks it, one
 * sentence a finding, so that the rules themselves can be tested on samples.
 */
import { posix } from 'node:path';
import { codeOnly, type Import, importsOf, withoutComments } from './source-text.js';

/** A source file. `path` is relative to the repository's root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

interface Room {
  /** Files of this room. */
  readonly files: RegExp;
  /** What they may import: paths from the root, `node:` modules, package names. */
  readonly mayImport: RegExp;
  /** What they may import types from, besides. */
  readonly mayImportTypes?: RegExp;
}

const LINES_MAX = 300;
const PURE_ROOMS = /^src\/(?:paging|core|protocol|source)\//;

/** The first room that a file is in decides. */
const ROOMS: readonly Room[] = [
  { files: /^src\/paging\//, mayImport: /^src\/paging\// },
  { files: /^src\/core\//, mayImport: /^src\/(?:paging|core)\// },
  { files: /^src\/protocol\//, mayImport: /^src\/(?:paging|core|protocol)\// },
  {
    files: /^src\/source\//,
    mayImport: /^src\/(?:paging|core|protocol|source)\/|^(?:zod|yaml|d3-time-format)(?:\/|$)/,
  },
  // Walks over JSON in bytes, for both workers.
  { files: /^workers\/json\//, mayImport: /^workers\/json\/|^src\/(?:paging|protocol|source)\// },
  workerRoom('fetch'),
  workerRoom('writer', '|postgres'),
  { files: /^src\/files\//, mayImport: /^src\/files\/|^node:/ },
  { ...sideRoom('runtime'), mayImportTypes: /^src\/config\// },
  sideRoom('database', '|postgres'),
  ...['postgres', 'queue', 'observe', 'simulator', 'config'].map((name) => sideRoom(name)),
  exploreRoom(),
  upperRoom('session', 'commands/|main\\.'),
  upperRoom('commands', 'main\\.'),
  { files: /^src\/main\.ts$/, mayImport: /^(?!test\/|bench\/)/ },
  { files: /^bench\//, mayImport: /^(?!test\/)/ },
  { files: /^test\//, mayImport: /./ },
];

/** A worker's entry and its folder: no worker knows the other. @param beside further rooms, `|name` each */
function workerRoom(name: string, beside = ''): Room {
  return {
    files: new RegExp(`^workers/${name}[./]`),
    mayImport: new RegExp(
      `^workers/(?:${name}[./]|json/)|^src/(?:paging|core|protocol|source${beside})/|^node:|^(?:piscina|undici|pg|comlink|p-queue)(?:/|$)`,
    ),
  };
}

/** The rooms beside one another: the pure rooms, files, their own folder, node: and packages. */
function sideRoom(name: string, beside = ''): Room {
  const rooms = `paging|core|protocol|source|files|${name}${beside}`;
  return {
    files: new RegExp(`^src/${name}/`),
    mayImport: new RegExp(`^src/(?:${rooms})/|^(?!src/|workers/|test/|bench/)`),
  };
}

/** A side room that asks with the client of the fetch worker, and reads its pages as that does. */
function exploreRoom(): Room {
  const { files, mayImport } = sideRoom('explore');
  return { files, mayImport: new RegExp(`${mayImport.source}|^workers/fetch/`) };
}

/** Puts the rooms below it together. @param above what it must not import of src */
function upperRoom(name: string, above: string): Room {
  return {
    files: new RegExp(`^src/${name}/`),
    mayImport: new RegExp(`^src/(?!${above})|^(?!src/|workers/|test/|bench/)`),
  };
}

/** `file -> import` for every import that the table of rooms does not permit. */
export function forbiddenImports(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const room = ROOMS.find(({ files: inRoom }) => inRoom.test(file.path));
    if (room === undefined) return [`${file.path} is in no room of the import table`];
    return importsOf(file.text)
      .map((one) => ({ ...one, specifier: fromRoot(file.path, one.specifier) }))
      .filter((one) => !isPermitted(room, one))
      .map(({ specifier }) => `${file.path} -> ${specifier}`);
  });
}

function isPermitted(room: Room, { specifier, isTypeOnly }: Import): boolean {
  if (room.mayImport.test(specifier)) return true;
  return isTypeOnly && room.mayImportTypes?.test(specifier) === true;
}

function fromRoot(path: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
}

interface Ban {
  readonly pattern: RegExp;
  readonly name: string;
  readonly instead: string;
}

const IMPURE_CALLS: readonly Ban[] = [
  { pattern: /\bDate\.now\b/, name: 'Date.now', instead: 'take nowMs as an argument' },
  { pattern: /\bnew Date\(\s*\)/, name: 'new Date()', instead: 'take nowMs as an argument' },
  {
    pattern: /\bperformance\.now\b/,
    name: 'performance.now',
    instead: 'take nowMs as an argument',
  },
  {
    pattern: /\b(?:setTimeout|setInterval|setImmediate)\b/,
    name: 'a timer',
    instead: 'return the instant at which to be called again',
  },
  {
    pattern: /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b/,
    name: 'a random number',
    instead: 'take the random source as an argument',
  },
  { pattern: /\bprocess\./, name: 'process', instead: 'take what you need as an argument' },
];

/** Clocks, timers, chance and the process in rooms that must be a function of their arguments. */
export function impureCalls(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => PURE_ROOMS.test(path))
    .flatMap((file) =>
      IMPURE_CALLS.flatMap(({ pattern, name, instead }) =>
        linesWith(file, pattern).map((place) => `${place} uses ${name}: ${instead}`),
      ),
    );
}

/** What a database is asked in and by which driver: the deciding core knows none of it. */
const SQL_WORDS = /\bSQL|PostgreSQL|\bpostgres|\bpg[_.]\w/;

export function sqlInCore(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/core/'))
    .flatMap((file) => linesWith(file, SQL_WORDS, file.text))
    .map((place) => `${place} speaks of SQL: move it to src/postgres or src/database`);
}

/** A spread passes the environment on to a child process and reads nothing of it. */
const READS_ENVIRONMENT = /(?<!\.\.\.)\bprocess\.env\b|\bloadEnvFile\b/;

export function environmentReads(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !/^(?:src\/config|test)\//.test(path))
    .flatMap((file) => linesWith(file, READS_ENVIRONMENT))
    .map((place) => `${place} reads process.env: take it from the Config of src/config`);
}

/** Only there has each connection its deadlines. */
export function bareConnections(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => /^(?:src|workers)\//.test(path) && !path.startsWith('src/postgres/'))
    .flatMap((file) => linesWith(file, /\bnew\s+pg\.(?:Pool|Client)\(/))
    .map((place) => `${place} connects by itself: use src/postgres/client`);
}

/** Its codec and the registry, its simulator, the default of SOURCE, and the program, which is called so too. */
const MAY_NAME_DATASYNC =
  /^src\/(?:source\/(?:registry\.ts$|datasync\/)|config\/source-files\.ts$|main\.ts$|simulator\/|observe\/alerts\/alert-format\.ts$)/;

/** A source is what its file and its codec say: nobody asks for its name. */
export function sourcesByName(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => /^(?:src|workers)\//.test(path) && !MAY_NAME_DATASYNC.test(path))
    .flatMap((file) => [
      ...linesWith(file, /(['"`])datasync\1/, withoutComments(file.text)),
      ...importsOf(file.text)
        .map(({ specifier }) => fromRoot(file.path, specifier))
        .filter((specifier) => specifier.startsWith('src/source/datasync/'))
        .map((specifier) => `${file.path} imports ${specifier} and`),
    ])
    .map((place) => `${place} knows a source by its name: ask its codec, by src/source/registry`);
}

/** A declaration file describes somebody else's exports. */
export function defaultExports(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !/\.worker\.ts$|\.config\.ts$|\.d\.ts$/.test(path))
    .flatMap((file) => linesWith(file, /\bexport default\b|\bas default\b/))
    .map((place) => `${place} exports a default: name it`);
}

export function longFiles(files: readonly SourceFile[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path} has ${lines} lines: split where deciding meets doing`);
}

const ANY = /(?:[:<|&,=]\s*|\bas\s+|\bextends\s+)any\s*(?=[[\]>,;)=|&{}\n]|$)/;

export function anyTypes(files: readonly SourceFile[]): string[] {
  return files
    .flatMap((file) => linesWith(file, ANY))
    .map((place) => `${place} uses any: use unknown and narrow it`);
}

// The brackets keep this line from breaking its own rule.
const UNFINISHED = /\b(?:TOD[O]|FIXM[E])\b/;

export function unfinishedWork(files: readonly SourceFile[]): string[] {
  return files
    .flatMap((file) => linesWith(file, UNFINISHED, file.text))
    .map((place) => `${place} leaves work undone: do it or file it`);
}

export function focusedTests(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('test/'))
    .flatMap((file) => linesWith(file, /\.only\(/))
    .map((place) => `${place} runs alone: the rest of the suite would be left out`);
}

const HAS_REASON = /\breason:|\.skip\((?:[^()]*,\s*)?['"`]\w/;

/** `context.skip('why')` says its reason; a `test.skip` needs a comment with `reason:`. */
export function silentSkips(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('test/'))
    .flatMap((file) => {
      const lines = file.text.split('\n');
      return linesWith(file, /\.(?:skip|todo)\(/).filter((place) => {
        const index = Number(place.slice(place.lastIndexOf(':') + 1)) - 1;
        const line = lines[index] ?? '';
        const isNamedTest = /\b(?:test|it|describe|suite)\.skip\(/.test(line);
        const spoken = isNamedTest ? /\breason:/ : HAS_REASON;
        return !spoken.test(line) && !/\breason:/.test(lines[index - 1] ?? '');
      });
    })
    .map((place) => `${place} is skipped without a reason`);
}

/** `path:line` of every line of the code (or of `text`) that matches. */
function linesWith(file: SourceFile, pattern: RegExp, text = codeOnly(file.text)): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${file.path}:${index + 1}`] : []));
}

/** Makes a source file from one answer of an API. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { proxiesFor, readProxies } from '../../config/proxy-settings.js';
import { DEFAULT_SOURCE, OWN_FOLDER } from '../../config/source-files.js';
import { IngestionError } from '../../core/fault.js';
import { readLimitHeaders } from '../../core/limit-headers.js';
import { writeWhole } from '../../files/write-whole.js';
import type { Proxies } from '../../protocol/fetch-messages.js';
import { bearerHeader } from '../../source/authentication.js';
import { loadSource } from '../../source/file/load-source.js';
import { SCHEMA_FILE } from '../../source/file/schema-file.js';
import { sourceSchemaText } from '../../source/file/source-shape.js';
import { sourceNameOf, tokenVariable } from '../../source/guess/guess-address.js';
import { failureIn, guessSource, type SourceGuess } from '../../source/guess/guess-source.js';
import { sourceText, variablesOfGuess } from '../../source/guess/source-text.js';
import { ACCEPTED, pageStatuses } from '../../source/page-statuses.js';
import { type Exchange, httpTransport } from '../exchange.js';
import { dispatcherThrough } from '../open-source.js';
import { UserError } from '../user-error.js';
import { USER_AGENT } from '../version.js';
import { environmentOfUser } from './find-source.js';
import { withoutSecrets } from './shown-values.js';

export interface InitWish {
  /** Of a list, as a person would ask for its first page. */
  readonly url: string;
  /** Null: `sources/NAME.yaml`, with a name from the host. */
  readonly output: string | null;
  /** A file that is there is replaced. */
  readonly isForced: boolean;
}

export interface MadeSource {
  readonly name: string;
  readonly path: string;
  /** What finds it: its name, or its path where the name alone does not. */
  readonly called: string;
  readonly guess: SourceGuess;
  /** Variables that the file refers to and that are not set. */
  readonly unsetVariables: readonly string[];
  /** The schema for editors, where it was not there; null: it was. */
  readonly schemaPath: string | null;
}

const ENDINGS = ['.yaml', '.yml'];

/**
 * @throws UserError where the URL or the file cannot be used, or the answer is none to guess from;
 *   IngestionError where the API refuses, or does not answer
 */
export async function initSource({ url: given, output, isForced }: InitWish): Promise<MadeSource> {
  const url = addressOf(given);
  const path = output ?? join(OWN_FOLDER, `${sourceNameOf(url, [DEFAULT_SOURCE])}.yaml`);
  const name = basename(path, extname(path));
  if (!ENDINGS.includes(extname(path))) {
    throw new UserError(`${path} cannot be written: a source file ends in .yaml.`, 'usage');
  }
  if (existsSync(path) && !isForced) {
    const others = '--output FILE names another one, --force replaces it';
    throw new UserError(`${path} is there already: ${others}.`, 'usage');
  }
  const environment = environmentOfUser();
  const token = environment[tokenVariable(name)] ?? null;
  const proxies = proxiesFor(url.origin, readProxies(environment));
  const exchange = await askOnce(url, token, proxies);
  if (!pageStatuses(null).has(exchange.status)) throw refusalOf(url, exchange, name);
  const header = (field: string): string | null => exchange.headers[field] ?? null;
  const answerText = exchange.body.toString('utf8');
  const guess = guessSource({ url, text: answerText, header });
  if (guess === null) {
    throw new UserError(`${shown(url)} answers with no JSON: give the URL of a list of records.`);
  }
  if (exchange.status === ACCEPTED && guess.isOneRecord) throw refusalOf(url, exchange, name);
  const failure = guess.isOneRecord ? failureIn(JSON.parse(answerText)) : null;
  if (failure !== null) {
    const said = withoutSecrets(failure, [token ?? '', ...url.searchParams.values()]);
    const remedy = `check the URL; a token is sent if ${tokenVariable(name)} is set`;
    throw new UserError(
      `${shown(url)} answers with HTTP ${exchange.status} and an error (${said}): ${remedy}.`,
    );
  }
  const announcesLimit = readLimitHeaders(exchange.headers, exchange.headAtMs) !== null;
  const hasToken = token !== null;
  const text = sourceText(guess, { name, hasToken, announcesLimit });
  const loaded = loadSource(text, { name });
  if (loaded.type === 'faulty') {
    throw new UserError(`${path} is no name for a source: ${loaded.faults[0]?.message}.`, 'usage');
  }
  const schemaPath = await write(path, text);
  const called = dirname(path) === OWN_FOLDER ? name : path;
  const unsetVariables = variablesOfGuess(guess, { name, hasToken }).filter(
    (variable) => environment[variable] === undefined,
  );
  return { name, path, called, guess, unsetVariables, schemaPath };
}

const NO_PAGING =
  'Run this again with the parameters that ask for a page, such as ?page=1 or ?offset=0&limit=100, or name a paginator in the file.';

/** What to do with the file, for a person. */
export function initText(made: MadeSource): string {
  const { path, called, guess, unsetVariables, schemaPath } = made;
  const { recordsPath, recordCount, key, time, paging } = guess;
  const inFile = (field: string, value: string): string => `  ${field.padEnd(10)} ${value}`;
  return [
    `Written: ${path}${schemaPath === null ? '' : `, and ${schemaPath} for editors`}`,
    inFile('records', guess.isOneRecord ? 'no list was found' : `${recordCount} at ${recordsPath}`),
    inFile('key', key?.path ?? 'none was found: rows are appended'),
    inFile('time', time?.path ?? 'none was found'),
    inFile('paging', `${paging.plan.type}: ${paging.because}`),
    ...(paging.isFound ? [] : [NO_PAGING]),
    'All of this is guessed from one answer: read the file.',
    ...(unsetVariables.length === 0
      ? []
      : [
          `Its secrets are not in it: set ${unsetVariables.join(', ')} in the environment or in .env.`,
        ]),
    'Then run',
    `  datasync source check ${called}`,
    `  datasync ingest --source ${called}`,
  ].join('\n');
}

function addressOf(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UserError('The URL of a list is needed, with https:// or http://.', 'usage');
  }
  if (url.username !== '' || url.password !== '') {
    const message = 'The URL holds a user or a password: leave them out, and set auth in the file.';
    throw new UserError(message, 'usage');
  }
  url.hash = '';
  return url;
}

async function askOnce(url: URL, token: string | null, proxies: Proxies | null): Promise<Exchange> {
  const destination = { address: url.origin, isProxied: proxies !== null, setting: 'the URL' };
  const transport = httpTransport(destination, 1, (options) => dispatcherThrough(proxies, options));
  try {
    const exchanged = await transport.get(`${url.pathname}${url.search}`, {
      ...{ accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': USER_AGENT },
      ...(token === null ? {} : bearerHeader(token)),
    });
    if (exchanged.type === 'answer') return exchanged.exchange;
    const { remedy = 'Check the URL and the network', ...fault } = exchanged.fault;
    throw new IngestionError({ ...fault, remedy });
  } finally {
    await transport.close();
  }
}

function refusalOf(url: URL, { status, headers }: Exchange, name: string): Error {
  const said = `${shown(url)} answers with HTTP ${status}`;
  if (status === 401 || status === 403) {
    const message = `${said}: the API refuses the request without valid credentials`;
    const remedy =
      `Set ${tokenVariable(name)} to a bearer token, in the environment or in .env, or add the key to the URL ` +
      'where the API takes it there (it is not written into the file), and run this again';
    return new IngestionError({ code: 'CREDENTIALS', message, retryable: false, status, remedy });
  }
  if (status === 429) {
    const message = `${said}: it is over its limit`;
    const remedy = 'Run this again later';
    return new IngestionError({ code: 'RATE_LIMITED', message, retryable: true, status, remedy });
  }
  const { location } = headers;
  if (status >= 300 && status < 400 && location !== undefined && URL.canParse(location, url.href)) {
    return new UserError(`${said}, and leads to ${shown(new URL(location, url))}: give that URL.`);
  }
  return new UserError(`${said}, not with a list of records: check the URL.`);
}

/** Its query may hold a secret. */
function shown({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/** The file, and the schema beside it. @returns the path of the schema; null: it was there */
async function write(path: string, text: string): Promise<string | null> {
  const schemaPath = join(dirname(path), SCHEMA_FILE);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, text);
    if (existsSync(schemaPath)) return null;
    await writeWhole(schemaPath, sourceSchemaText());
    return schemaPath;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`${path} cannot be written (${code ?? message}).`);
  }
}

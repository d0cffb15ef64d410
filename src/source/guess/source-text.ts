/** The source file of a guess: YAML in which each guess has a comment that says what it rests on. Pure. */
import { Document, isMap, isNode, isScalar, type Scalar } from 'yaml';
import { variablePrefix } from '../file/plan-auth.js';
import { variable } from '../file/references.js';
import { SCHEMA_COMMENT } from '../file/schema-file.js';
import type { Json } from '../plan.js';
import { tokenVariable } from './guess-address.js';
import type { SourceGuess } from './guess-source.js';
import { paginatorFields, paginatorParams } from './paginator-fields.js';

export interface SourceTextWish {
  /** Of the source. */
  readonly name: string;
  /** The answer was got with the token of the source's variable. */
  readonly hasToken: boolean;
  /** Whether headers of the answer announced a limit. */
  readonly announcesLimit: boolean;
}

/** @returns what `loadSource` loads without faults */
export function sourceText(guess: SourceGuess, wish: SourceTextWish): string {
  const document = new Document(fieldsOf(guess, wish));
  const resource = ['resources', 0] as const;
  const own = ['x-ingestion', 'resources', guess.address.resource] as const;
  const comments: readonly (readonly [readonly (string | number)[], string])[] = [
    [[...resource, 'primary_key'], guessed(guess.key?.because ?? '')],
    [[...resource, 'endpoint', 'data_selector'], recordsWords(guess)],
    [[...resource, 'endpoint', 'paginator'], pagingWords(guess)],
    [[...own, 'time'], `${guessed(guess.time?.because ?? '')} They become the column occurred_at.`],
    [
      [...own, 'page_size'],
      guessed('the size that was asked for; raise it to the largest that the API grants'),
    ],
    ...(guess.key === null ? [[[...resource, 'endpoint'], NO_KEY] as const] : []),
  ];
  for (const [path, comment] of comments) commentBefore(document, path, comment);
  for (const name of ['resources', 'x-ingestion']) spaceBefore(document, name);
  const flows = [
    ['client', 'auth'],
    [...own, 'time'],
    [...own, 'page_size'],
  ];
  for (const path of flows) {
    const node = document.getIn(path, true);
    if (isMap(node)) node.flow = true;
  }
  if (!wish.announcesLimit) document.comment = NO_LIMIT;
  const head = [SCHEMA_COMMENT, ...headOf(guess, wish).map((line) => `# ${line}`)];
  return `${head.join('\n')}\n${document.toString({ lineWidth: 0 })}`;
}

const NO_LIMIT = ` The answer announced no limit. Where the documentation of the API names one, declare it in x-ingestion:
   limits: [{ quota: 10, window: 1s }]`;
const NO_KEY =
  'No field was taken for the key: rows are appended. Where records have one, set primary_key.';

function fieldsOf(guess: SourceGuess, { name, hasToken }: SourceTextWish): object {
  const { address, key, time, paging, pageSize } = guess;
  const auth = authOf(guess, hasToken);
  const params = paramsOf(guess, name, hasToken);
  const sends = pageSize !== null && paging.plan.type !== 'offset';
  const own = {
    ...(time === null ? {} : { time: { path: time.path } }),
    ...(sends ? { page_size: pageSize } : {}),
  };
  return {
    client: { base_url: address.baseUrl, ...(auth === null ? {} : { auth }) },
    resources: [
      {
        name: address.resource,
        ...(key === null ? {} : { primary_key: key.path }),
        endpoint: {
          path: address.path,
          ...(Object.keys(params).length === 0 ? {} : { params }),
          data_selector: guess.recordsPath,
          paginator: paginatorFields(paging.plan),
        },
      },
    ],
    ...(Object.keys(own).length === 0
      ? {}
      : { 'x-ingestion': { resources: { [address.resource]: own } } }),
  };
}

/** A key that the address held is sent as it was; its value is left out. */
function authOf({ address }: SourceGuess, hasToken: boolean): Json {
  if (hasToken) return { type: 'bearer' };
  const [param] = address.secretParams;
  return param === undefined ? null : { type: 'api_key', name: param, location: 'query' };
}

/** What the paginator and the size of pages send is not written twice. */
function paramsOf({ address, paging, pageSize }: SourceGuess, name: string, hasToken: boolean) {
  const sent = [...paginatorParams(paging.plan), pageSize?.param];
  const plain = Object.entries(address.params).filter(([param]) => !sent.includes(param));
  const secret = secretsInParams(address.secretParams, hasToken).map(
    (param) => [param, variable(secretVariable(name, param))] as const,
  );
  return Object.fromEntries([...plain, ...secret]);
}

function secretsInParams(params: readonly string[], hasToken: boolean): readonly string[] {
  return hasToken ? params : params.slice(1);
}

function secretVariable(sourceName: string, param: string): string {
  return `${variablePrefix(sourceName)}_${variablePrefix(param)}`;
}

/** Names of the variables that the file takes its secrets from. */
export function variablesOfGuess(
  { address }: SourceGuess,
  { name, hasToken }: Pick<SourceTextWish, 'name' | 'hasToken'>,
): readonly string[] {
  const inParams = secretsInParams(address.secretParams, hasToken);
  return [
    ...(hasToken ? [tokenVariable(name)] : []),
    ...(!hasToken && address.secretParams.length > 0 ? [`${variablePrefix(name)}_API_KEY`] : []),
    ...inParams.map((param) => secretVariable(name, param)),
  ];
}

function headOf(guess: SourceGuess, wish: SourceTextWish): string[] {
  const { address } = guess;
  const variables = variablesOfGuess(guess, wish);
  return [
    `Made by \`datasync source init\` from one answer of ${address.baseUrl}/${address.path}`,
    'Look at what is marked as guessed.',
    ...(variables.length === 0
      ? []
      : [`Set ${variables.join(', ')} in the environment or in .env.`]),
  ];
}

function guessed(because: string): string {
  return `Guessed: ${because}.`;
}

function pagingWords({ paging }: SourceGuess): string {
  return `${guessed(paging.because)}${paging.isFound ? '' : ' Name a paginator.'}`;
}

function recordsWords({ recordsPath, recordCount, isOneRecord }: SourceGuess): string {
  if (isOneRecord) return guessed('the answer holds no list, and is taken for one record');
  const place = recordsPath === '$' ? 'the answer itself' : `the list ${recordsPath}`;
  return guessed(`the records are ${place}, which held ${recordCount}`);
}

function commentBefore(
  document: Document,
  path: readonly (string | number)[],
  comment: string,
): void {
  const key = keyNode(document, path);
  if (key !== null) key.commentBefore = ` ${comment}`;
}

function spaceBefore(document: Document, name: string): void {
  const key = keyNode(document, [name]);
  if (key !== null) key.spaceBefore = true;
}

/** Null: the document has no such field. */
function keyNode(document: Document, path: readonly (string | number)[]): Scalar | null {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isNode(parent) || !isMap(parent)) return null;
  const found = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  return isScalar(found?.key) ? found.key : null;
}

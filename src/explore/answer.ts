/** An exchange as an answer to judge: parsed where it is JSON; and what it is where it should have been. */
import type { Fault } from '../core/fault.js';
import type { Answer } from './observations.js';
import type { Exchange } from './transport.js';

const TEXT_CHARACTERS_MAX = 2_000;

/** @param known what the exchange itself does not say */
export function readAnswer(
  exchange: Exchange,
  known: Pick<Answer, 'bucket' | 'path' | 'limits' | 'isAlone' | 'acceptedGzip'>,
): Answer {
  const { body, ...rest } = exchange;
  const json = parseJson(body);
  const isKept = json === undefined || exchange.status !== 200;
  return {
    ...rest,
    ...known,
    bodyBytes: body.length,
    text: isKept ? body.toString('utf8', 0, TEXT_CHARACTERS_MAX) : '',
    json,
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What an answer is that should have been JSON of the source, and is not. */
export function notThisApi(answer: Answer, what: string): Fault {
  const isHtml = /^\s*<(?:!doctype|html)/i.test(answer.text);
  const said = isHtml
    ? 'an HTML page'
    : answer.json === undefined
      ? 'no JSON'
      : 'JSON of another form';
  return {
    code: 'CONTRACT',
    message: `${answer.path.split('?')[0]} answers with HTTP ${answer.status} and ${said}, not with ${what}: this is not the DataSync API`,
    retryable: false,
    status: answer.status,
    remedy: 'Check API_BASE_URL; it ends in /api/v1',
  };
}

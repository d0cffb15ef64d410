/**
 * What an answer of a source file's stream means where it is no page: by the file's own rules first,
 * then as HTTP has it.
 */
import type { Fault } from '../core/fault.js';
import { pathSteps, valueAt } from '../paging/json-path.js';
import { faultForStatus, type Remedies } from './http-fault.js';
import { ACCEPTED } from './page-statuses.js';
import type { AnswerSign, ResponseAction, SourcePlan, StreamPlan } from './plan.js';
import type { SeenAnswer } from './record-reading.js';
import type { Refusal } from './source.js';

/** Names of fields are repeated in messages, and no more of them than these. */
const NAMES_MAX = 8;
const FIELD_NAME = /^[\w.$-]{1,40}$/;

export class AnswerSigns {
  /** `github.issues`: what it is about, for messages. */
  readonly where: string;
  readonly #source: string;
  readonly #credentials: readonly string[];
  readonly #throttle: readonly AnswerSign[];
  readonly #expired: readonly AnswerSign[];
  readonly #actions: readonly ResponseAction[];
  readonly #selector: string | null;

  constructor(plan: SourcePlan, stream: StreamPlan) {
    this.where = `${plan.name}.${stream.name}`;
    this.#source = plan.name;
    this.#credentials = plan.credentials;
    this.#throttle = plan.throttle;
    this.#expired = plan.expired;
    this.#actions = stream.responseActions;
    this.#selector = stream.dataSelector;
  }

  /** Whether the file says to read such an answer as a page without records, and the last. */
  isIgnored({ status, body }: Refusal): boolean {
    return this.#actionOn(status, body) === 'ignore';
  }

  faultOf(refusal: Refusal): Fault {
    const { status, body, isLimited } = refusal;
    const seen = { status, json: parsed(body), text: body, header: refusal.header };
    const told = this.#told(seen);
    if (told !== null) return told;
    if (status === ACCEPTED) return this.#notReady();
    const fault = faultForStatus(status, { code: null, isLimited, remedies: this.#remedies() });
    return { ...fault, message: `${this.where}: ${fault.message}` };
  }

  /** Of an answer with a status of success. */
  faultIn(seen: SeenAnswer): Fault | null {
    return this.#told(seen);
  }

  withoutRecords(json: unknown, status: number): Fault {
    if (status === ACCEPTED) return this.#notReady();
    const selector = this.#selector ?? '$';
    return {
      code: 'NOT_A_PAGE',
      message: `${this.where}: HTTP ${status}, but nothing is at data_selector ${selector} in ${described(json)}`,
      retryable: true,
      status,
      remedy: `Check data_selector of ${this.where}; a response_actions entry can name answers that are errors`,
    };
  }

  #notReady(): Fault {
    return {
      code: 'HTTP_STATUS',
      message: `${this.where}: HTTP ${ACCEPTED}: the API has accepted the request, and has no records ready yet`,
      retryable: true,
      status: ACCEPTED,
      remedy: `If this does not pass, ask for the address where ${this.where} has its result, or check data_selector`,
    };
  }

  #told(seen: SeenAnswer): Fault | null {
    const { status } = seen;
    const action = this.#actionOn(status, seen.text);
    if (action === 'retry' || action === 'fail') {
      const message = `${this.where}: HTTP ${status}, which response_actions names`;
      const isRetried = action === 'retry';
      return {
        code: isRetried ? 'HTTP_STATUS' : 'CONTRACT',
        message,
        retryable: isRetried,
        status,
      };
    }
    if (this.#throttle.some((sign) => isSign(sign, seen))) {
      const message = `${this.where}: HTTP ${status}: over the limit`;
      return { code: 'RATE_LIMITED', message, retryable: true, status };
    }
    if (this.#expired.some((sign) => isSign(sign, seen))) {
      const message = `${this.where}: HTTP ${status}: the cursor has expired`;
      return { code: 'CURSOR_EXPIRED', message, retryable: true, status };
    }
    return null;
  }

  #actionOn(status: number, text: string): ResponseAction['action'] | null {
    const action = this.#actions.find(
      (one) =>
        (one.status === null || one.status === status) &&
        (one.content === null || text.includes(one.content)),
    );
    return action?.action ?? null;
  }

  #remedies(): Remedies {
    const address = `Check base_url and path of ${this.where}`;
    const references = this.#credentials.join(', ');
    const what = references === '' ? '' : `, and what it refers to: ${references}`;
    return {
      credentials: `Check client.auth in the file of the source ${this.#source}${what}`,
      ...{ address, redirect: address },
    };
  }
}

function isSign(sign: AnswerSign, { status, json, text, header }: SeenAnswer): boolean {
  if (sign.status !== null && sign.status !== status) return false;
  if (sign.header !== null && header(sign.header) === null) return false;
  if (sign.content !== null && !text.includes(sign.content)) return false;
  if (sign.bodyPath === null) return true;
  const value = valueAt(pathSteps(sign.bodyPath), json);
  return sign.equals === undefined
    ? value !== undefined
    : JSON.stringify(value) === JSON.stringify(sign.equals);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function described(json: unknown): string {
  if (Array.isArray(json)) return 'a JSON list';
  if (typeof json !== 'object' || json === null)
    return `a JSON ${json === null ? 'null' : typeof json}`;
  const names = Object.keys(json).filter((name) => FIELD_NAME.test(name));
  return `a JSON object with the fields ${names.slice(0, NAMES_MAX).join(', ') || '(none)'}`;
}

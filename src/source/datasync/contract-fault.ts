/** The fault that a page is in which a field is not as the contract of the DataSync API says. */
import type { Fault } from '../../core/fault.js';
import { ADDRESS } from './remedies.js';

/** @param expected what the field should be, as the end of a sentence */
export function contractFault(field: string, value: unknown, expected: string): Fault {
  const message =
    value === undefined
      ? `HTTP 200 with a page that has no field "${field}"`
      : `HTTP 200 with a page whose field "${field}" is ${kindOf(value)}, not ${expected}`;
  return {
    code: 'CONTRACT',
    message,
    retryable: false,
    status: 200,
    remedy: `Check ${ADDRESS.setting}; if it is right, the API has changed: \`datasync explore\` measures it`,
  };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The faults of an answer whose body is of no use: too large, too slow, or not to be decoded. */
import type { Fault } from '../../src/core/fault.js';
import { isOutOfMemory, outOfMemory } from '../../src/source/network-fault.js';
import { knownEncodings } from './content-decoding.js';

export function tooLarge(bytesMax: number): Fault {
  const message = `the body is larger than ${bytesMax} bytes`;
  const remedy = 'Raise BODY_BYTES_MAX, or ask for smaller pages with BATCH_SIZE';
  return { code: 'BODY_TOO_LARGE', message, retryable: true, remedy };
}

export function dripping(wireBytes: number, sinceHeadMs: number): Fault {
  const seconds = Math.round(sinceHeadMs / 1000);
  const message = `the body drips: ${wireBytes} bytes in ${seconds} s`;
  const remedy = 'Check that the API is well; IDLE_DEADLINE sets how long a body may take';
  return { code: 'TIMEOUT', message, retryable: true, remedy };
}

export function undecodable(encodings: readonly string[], error: NodeJS.ErrnoException): Fault {
  if (error.code === 'Z_MEM_ERROR' || isOutOfMemory(error)) return outOfMemory();
  const message = `the body is not whole in ${encodings.join(', ')}`;
  return { code: 'PAGE_MALFORMED', message, retryable: true };
}

export function encodedUnknown(encoding: string): Fault {
  return {
    code: 'CONTRACT',
    message: `the body is encoded in ${encoding}, which is not decoded here`,
    retryable: false,
    remedy: `Make the API or the proxy before it use one of ${knownEncodings()}, or none`,
  };
}

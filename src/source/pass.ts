/**
 * Pass: which part of a stream a run reads. Kept with the run, so that a resume asks for the same.
 *
 *   full         all of it
 *   incremental  from the watermark of the last complete run on
 *   range        what a person has asked for; the watermark stays
 */
import * as z from 'zod/mini';
import type { Stretch } from '../core/resume.js';
import type { CursorScalar } from './cursor-value.js';

export type PassType = 'full' | 'incremental' | 'range';

export interface Pass {
  readonly type: PassType;
  /** From which value on, as JSON has it; null: from the beginning, or the file's `initial_value`. */
  readonly start: CursorScalar | null;
  /** Up to which value; null: to the end, or the file's `end_value`. */
  readonly end: CursorScalar | null;
}

export const FULL_PASS: Pass = { type: 'full', start: null, end: null };

const scalar = z.union([z.string(), z.number()]);
const passShape = z.object({
  type: z.enum(['full', 'incremental', 'range']),
  start: z.nullable(scalar),
  end: z.nullable(scalar),
});

const place = z.nullable(z.object({ ms: z.number(), id: z.string() }));
const stretchShape = z.object({ after: place, bound: place });

/** @param settings of a run; one from before there were passes was a full one */
export function passOf(settings: Readonly<Record<string, unknown>>): Pass {
  const read = passShape.safeParse(settings.pass);
  return read.success ? read.data : FULL_PASS;
}

/** What a run was to read of its source's order; null: all of it. */
export function stretchOf(settings: Readonly<Record<string, unknown>>): Stretch | null {
  return stretchShape.safeParse(settings.within).data ?? null;
}

/** For a person, behind "run 7 reads". */
export function passText({ type, start, end }: Pass): string {
  if (type === 'full') return 'all of the stream';
  const from = start === null ? 'the beginning' : String(start);
  return end === null ? `what is new since ${from}` : `from ${from} to ${end}`;
}

/** The request of a stream with the values that were not known when its file was read. Pure. */
import { type CursorScalar, sentValue } from './cursor-value.js';
import type { Pass } from './pass.js';
import type { Json, RequestSlot, StreamPlan, TemplatePart } from './plan.js';

/** By the names of templates; null: there is none. */
export type SlotValues = Readonly<Record<string, Json>>;

const START_VALUE = 'incremental.start_value';
/** Names of templates. dlt's `last_value` moves while it reads; here a run reads from one start. */
const STARTS: readonly string[] = [START_VALUE, 'incremental.last_value'];
const END_VALUE = 'incremental.end_value';

/** What a pass asks of the API: the bounds in the form that it takes. */
export function passValues({ incremental }: StreamPlan, { start, end }: Pass): SlotValues {
  if (incremental === null) return {};
  const sent = (value: CursorScalar | null): CursorScalar | null =>
    value === null ? null : sentValue(value, incremental);
  const from = sent(start ?? incremental.initialValue);
  return {
    ...Object.fromEntries(STARTS.map((name) => [name, from])),
    [END_VALUE]: sent(end ?? incremental.endValue),
  };
}

/** Which ends of a range the requests of a stream, or its walk, keep to. */
export function boundsOf(
  stream: Pick<StreamPlan, 'incremental' | 'slots' | 'paginator' | 'order'>,
): { readonly start: boolean; readonly end: boolean } {
  const { incremental, slots, paginator, order } = stream;
  if (incremental === null) return { start: false, end: false };
  const isWalked = paginator.type === 'time_window' || order !== null;
  return {
    start: isWalked || incremental.isNewestFirst || startSlots(slots).length > 0,
    end: isWalked || slots.some((slot) => takes(slot, [END_VALUE])),
  };
}

/** Where the requests of a stream say from which value on they ask. */
export function startSlots(slots: readonly RequestSlot[]): readonly RequestSlot[] {
  return slots.filter((slot) => takes(slot, STARTS));
}

function takes({ parts }: RequestSlot, names: readonly string[]): boolean {
  return parts.some((part) => typeof part !== 'string' && names.includes(part.name));
}

/** @returns the stream, without slots whose values are all known */
export function withValues(stream: StreamPlan, values: SlotValues): StreamPlan {
  const isKnown = ({ parts }: RequestSlot): boolean =>
    parts.every((part) => typeof part === 'string' || Object.hasOwn(values, part.name));
  const known = stream.slots.filter(isKnown);
  if (known.length === 0) return stream;
  const { path, params, json, headers } = stream;
  const request = known.reduce<Json>(
    (whole, { at, parts }) => replaced(whole, at, filled(parts, values)),
    { path, params, json, headers },
  ) as unknown as Pick<StreamPlan, 'path' | 'params' | 'json' | 'headers'>;
  return { ...stream, ...request, slots: stream.slots.filter((slot) => !isKnown(slot)) };
}

function filled(parts: readonly TemplatePart[], values: SlotValues): Json {
  const [only, ...others] = parts.map((part) =>
    typeof part === 'string' ? part : (values[part.name] ?? null),
  );
  return only === undefined || others.length > 0 ? [only ?? '', ...others].join('') : only;
}

function replaced(value: Json, [step, ...rest]: RequestSlot['at'], by: Json): Json {
  if (step === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((inner, index) => (index === step ? replaced(inner, rest, by) : inner));
  }
  const members = value as Readonly<Record<string, Json>>;
  return { ...members, [step]: replaced(members[step] ?? null, rest, by) };
}

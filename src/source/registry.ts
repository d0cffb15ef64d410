/** The codecs by the names that source files have for them, and from a plan to the source that it is. */
import type { SourceCodec } from './codec.js';
import { compileEvents } from './compile-events.js';
import { type CompileOptions, compileSource } from './compile-source.js';
import { datasync } from './datasync/datasync.js';
import type { SourcePlan } from './plan.js';
import type { Source } from './source.js';

const CODECS = { datasync } as const satisfies Readonly<Record<string, SourceCodec>>;

export type CodecName = keyof typeof CODECS;

export const CODEC_NAMES = Object.keys(CODECS) as [CodecName, ...CodecName[]];

/** Null: the file says all that there is to say of the API. */
export function codecOf({ codec }: Pick<SourcePlan, 'codec'>): SourceCodec | null {
  return codec === null ? null : CODECS[codec];
}

/** Which stream of which source: plain data that crosses to the workers. Credentials are part of the requests alone. */
export interface SourceSpec extends CompileOptions {
  readonly plan: SourcePlan;
  readonly stream: string;
}

export function sourceOf({ plan, stream, ...options }: SourceSpec): Source {
  const codec = codecOf(plan);
  return codec === null
    ? compileSource(plan, stream, options)
    : compileEvents(plan, stream, { codec, ...options });
}

/** From the plain data that crosses to the workers to the source that it stands for. */
import { compileSource } from './compile-source.js';
import { datasync } from './datasync.js';
import type { SourcePlan } from './plan.js';
import type { Source } from './source.js';

/** Which stream of which source. Credentials are part of the requests alone. */
export type SourceSpec =
  | { readonly type: 'datasync' }
  | {
      readonly type: 'file';
      readonly plan: SourcePlan;
      readonly stream: string;
      /** What a time window that ends now ends at, epoch ms. */
      readonly nowMs: number;
      /** Of the file, in its order: no cursor shows them. */
      readonly secrets: readonly string[];
    };

export function sourceOf(spec: SourceSpec): Source {
  return spec.type === 'datasync' ? datasync : compileSource(spec.plan, spec.stream, spec);
}

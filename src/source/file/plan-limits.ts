/** The plan of what `x-ingestion` says of limits, and of answers that are more than their status. */
import type { AnswerSign, DeclaredLimit, LimitHeaders, SourcePlan } from '../plan.js';
import { originOf } from './base-url.js';
import { readDuration } from './duration.js';
import type { FieldPath, FileNotes } from './file-note.js';
import type { IngestionFields, LimitFields, SignFields } from './ingestion-shape.js';
import { checkPathFields } from './paths.js';
import { type CostPlan, planCost } from './plan-cost.js';

type LimitsPlan = Pick<
  SourcePlan,
  'limits' | 'limitHeaders' | 'costs' | 'throttle' | 'expired' | 'hosts'
>;

const AT = ['x-ingestion'] as const;

export function planLimits(fields: IngestionFields, notes: FileNotes): LimitsPlan {
  const limits = (fields.limits ?? []).map((limit, index) =>
    planLimit(limit, [...AT, 'limits', index], notes),
  );
  const signs = (name: 'throttle' | 'expired') =>
    (fields[name] ?? []).map((sign, index) => planSign(sign, [...AT, name, index], notes));
  return {
    limits: limits.flatMap(({ declared }) => declared ?? []),
    limitHeaders: limits.flatMap(({ headers, cost }) =>
      [headers ?? [], cost?.headers ?? []].flat(),
    ),
    costs: limits.flatMap(({ cost }) => cost?.paths ?? []),
    throttle: signs('throttle'),
    expired: signs('expired'),
    hosts: (fields.hosts ?? []).flatMap((host, index) => {
      const origin = originOf(host);
      if (origin !== null) return [origin];
      notes.fault(
        [...AT, 'hosts', index],
        'takes a host, or scheme, host and port, without a path',
      );
      return [];
    }),
  };
}

interface LimitPlan {
  readonly declared: DeclaredLimit | null;
  readonly headers: LimitHeaders | null;
  readonly cost: CostPlan | null;
}

function planLimit(limit: LimitFields, at: FieldPath, notes: FileNotes): LimitPlan {
  const { path = null, method = null, quota = null, window = null, concurrency = null } = limit;
  if ((quota === null) !== (window === null)) {
    const missing = quota === null ? 'quota' : 'window';
    notes.fault(at, `a quota and its window belong together; ${missing} is missing`);
  }
  if (path !== null && !path.startsWith('/')) {
    notes.fault([...at, 'path'], 'takes the begin of a path, with a slash in front');
  }
  const isDeclared = quota !== null || concurrency !== null;
  const isEmpty = !isDeclared && limit.headers == null && limit.cost == null;
  if (isEmpty && window === null) {
    notes.fault(at, 'limits nothing; set quota and window, concurrency, or headers');
  }
  const windowMs = window === null ? null : readDuration(window);
  return {
    declared: isDeclared ? { path, method, quota, windowMs, concurrency } : null,
    headers: limit.headers == null ? null : planHeaders(limit, at, notes),
    cost: limit.cost == null ? null : planCost(limit.cost, [...at, 'cost'], notes),
  };
}

function planHeaders(limit: LimitFields, at: FieldPath, notes: FileNotes): LimitHeaders {
  const name = (field: 'limit' | 'remaining' | 'reset' | 'window') =>
    limit.headers?.[field]?.toLowerCase() ?? null;
  const headers = {
    type: 'counts' as const,
    limit: name('limit'),
    remaining: name('remaining'),
    reset: name('reset'),
    window: name('window'),
    unit: limit.unit ?? 's',
  };
  if (headers.limit === null && headers.remaining === null) {
    notes.fault([...at, 'headers'], 'names neither the limit nor what remains of it');
  }
  return headers;
}

function planSign(sign: SignFields, at: FieldPath, notes: FileNotes): AnswerSign {
  const { status = null, header = null, content = null, equals } = sign;
  const bodyPath = sign.body_path ?? null;
  checkPathFields(sign, at, notes);
  if (status === null && header === null && content === null && bodyPath === null) {
    notes.fault(at, 'is a sign of nothing; set status, header, body_path or content');
  }
  if (equals !== undefined && bodyPath === null) {
    notes.fault([...at, 'equals'], 'needs body_path, which says what it is compared with');
  }
  return { status, header: header?.toLowerCase() ?? null, bodyPath, equals, content };
}

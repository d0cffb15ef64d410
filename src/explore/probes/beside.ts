/** Probes beside the pages of events: manifest, other lists, a cursor's life. */
import { IngestionError } from '../../core/fault.js';
import type { ListSeen } from '../observations.js';
import { askPage, EVENTS, type Probe, type ProbeContext } from '../probe.js';
import { isObject } from '../read-page.js';

export const MANIFEST = 'manifest';
/** The lists that the API documents beside the events; each has a limit of its own. */
export const LISTS = ['sessions', 'metrics'] as const;
const LIST_LIMIT = 5;

export const manifest: Probe = {
  name: MANIFEST,
  asks: 'the name of the API, its endpoints, how it authenticates',
  cost: () => ({ [MANIFEST]: 1 }),
  waitsAboutMs: () => 0,
  isWanted: () => true,
  async run({ asker, basePath, notebook }) {
    const asked = await asker.ask({ bucket: MANIFEST, path: basePath || '/' });
    if (asked.type === 'answer' && isObject(asked.answer.json)) notebook.manifest = asked.answer;
    // A host that cannot be reached is not asked eleven times more.
    if (asked.type === 'fault' && asked.answer === null) throw new IngestionError(asked.fault);
    if (asked.type === 'fault' && asked.fault.code === 'REDIRECT') {
      throw new IngestionError(asked.fault);
    }
  },
};

export const otherLists: Probe = {
  name: 'other lists',
  asks: 'what /sessions and /metrics hold, and whether their limit is their own',
  cost: () => Object.fromEntries(LISTS.map((name) => [name, 1])),
  waitsAboutMs: () => 0,
  isWanted: () => true,
  async run(context) {
    for (const name of LISTS) context.notebook.lists.push(await askList(context, name));
  },
};

async function askList(context: ProbeContext, name: string): Promise<ListSeen> {
  const { asker, source, basePath } = context;
  const path = `${basePath}/${name}`;
  const eventStartsInWindow = asker.startsInWindow(EVENTS);
  const asked = await asker.ask({ bucket: name, path: `${path}?limit=${LIST_LIMIT}` });
  const answer = asked.type === 'overBudget' ? null : asked.answer;
  const json = isObject(answer?.json) ? answer.json : {};
  const records = json[source.recordsField];
  const isList = Array.isArray(records);
  const first: unknown = isList ? records[0] : undefined;
  const read = source.readEnvelope(json);
  return {
    name,
    path,
    answer,
    fault: asked.type === 'fault' ? asked.fault : null,
    total: read.type === 'envelope' ? read.envelope.total : null,
    recordCount: isList ? records.length : 0,
    fields: isObject(first) ? Object.keys(first) : [],
    eventStartsInWindow,
  };
}

/** A cursor is asked shortly before and shortly after the end of its announced life. */
const BEFORE_MS = 2_000;
const LIFE_MS_MAX = 600_000;

export const cursorLife: Probe = {
  name: 'cursor life',
  asks: 'whether a cursor lives as long as announced (waits for its end)',
  cost: () => ({ [EVENTS]: 3 }),
  waitsAboutMs: () => 125_000,
  isWanted: ({ isThorough }) => isThorough,
  async run(context) {
    const { asker, notebook, source } = context;
    const { page } = await askPage(context, { cursor: null, limit: 1 });
    const cursor = page?.envelope.nextCursor ?? null;
    if (page === null || cursor === null) return;
    const lifeMs = page.envelope.cursorExpiresInMs ?? source.paging.cursorLifeMs;
    if (lifeMs > LIFE_MS_MAX) {
      notebook.skipped.set('cursor life', `it would take ${lifeMs / 1000} s`);
      return;
    }
    const { sentAtMs, endAtMs } = page.answer;
    const marginMs = Math.min(BEFORE_MS, lifeMs / 4);
    await asker.sleepUntil(sentAtMs + lifeMs - marginMs);
    const alive = await askPage(context, { cursor, limit: 1 });
    await asker.sleepUntil(endAtMs + lifeMs + marginMs);
    const dead = await askPage(context, { cursor, limit: 1 });
    const lastSeenMs = alive.page === null ? null : alive.page.answer.sentAtMs - sentAtMs;
    const isDead = dead.fault?.code === 'CURSOR_EXPIRED';
    const deadAfterMs = isDead ? endAtMs - sentAtMs + lifeMs + marginMs : null;
    notebook.lifetime = { type: 'waited', aliveAfterMs: lastSeenMs, deadAfterMs };
  },
};

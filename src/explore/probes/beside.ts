/** Probes beside the pages: manifest, other lists, a cursor's life. */
import { IngestionError } from '../../core/fault.js';
import type { PageRequest } from '../../protocol/page-request.js';
import { parseJson } from '../answer.js';
import { isObject } from '../census.js';
import type { ListSeen } from '../observations.js';
import { askPage, type ExploreScope, PAGES, type Probe, type ProbeContext } from '../probe.js';
import { bodyOf } from '../received.js';
import type { Read } from '../stream-pages.js';
import type { Received } from '../transport.js';

export const MANIFEST = 'manifest';
const LIST_LIMIT = 5;

const hasBeside = ({ subject }: ExploreScope): boolean => subject.beside !== null;

export const manifest: Probe = {
  name: MANIFEST,
  asks: 'the name of the API, its endpoints, how it authenticates',
  cost: () => ({ [MANIFEST]: 1 }),
  waitsAboutMs: () => 0,
  isWanted: hasBeside,
  async run({ asker, pages, notebook }) {
    const request = getting(`${pages.baseUrl}${pages.subject.beside?.manifest ?? ''}`);
    const asked = await asker.ask({ bucket: MANIFEST, request, read: readObject });
    if (asked.type === 'answer') notebook.manifest = asked.seen;
    // A host that cannot be reached is not asked eleven times more.
    if (asked.type === 'fault' && asked.answer === null) throw new IngestionError(asked.fault);
    if (asked.type === 'fault' && asked.fault.code === 'REDIRECT') {
      throw new IngestionError(asked.fault);
    }
  },
};

export const otherLists: Probe = {
  name: 'other lists',
  asks: 'what the other lists of the API hold, and whether their limit is their own',
  cost: ({ subject }) => Object.fromEntries((subject.beside?.lists ?? []).map((name) => [name, 1])),
  waitsAboutMs: () => 0,
  isWanted: hasBeside,
  async run(context) {
    const { beside } = context.pages.subject;
    for (const name of beside?.lists ?? []) {
      context.notebook.lists.push(await askList(context, name));
    }
  },
};

async function askList({ asker, pages }: ProbeContext, name: string): Promise<ListSeen> {
  const request = getting(`${pages.baseUrl}/${name}?limit=${LIST_LIMIT}`);
  const pageStartsInWindow = asker.startsInWindow(PAGES);
  const wish = { cursor: null, limit: LIST_LIMIT };
  const asked = await asker.ask({
    ...{ bucket: name, request },
    read: (received) => pages.read(received, wish),
  });
  const answer = asked.type === 'overBudget' ? null : asked.answer;
  const read = asked.type === 'answer' ? asked.seen : null;
  const [first] = read?.records ?? [];
  return {
    ...{ name, answer, pageStartsInWindow },
    fault: asked.type === 'fault' ? asked.fault : null,
    total: read?.envelope.total ?? null,
    recordCount: read?.records.length ?? 0,
    fields: isObject(first) ? Object.keys(first) : [],
  };
}

function getting(url: string): PageRequest {
  return { method: 'GET', url, headers: {}, body: null };
}

/** @throws never: what is no object is a fault that nobody minds */
function readObject(received: Received): Read<Readonly<Record<string, unknown>>> {
  if (received.type === 'fault') return received;
  const json = parseJson(bodyOf(received));
  if (isObject(json)) return { type: 'seen', seen: json, limits: received.meta.limits };
  const message = 'no manifest';
  return { type: 'fault', fault: { code: 'NOT_A_PAGE', message, retryable: false } };
}

/** A cursor is asked shortly before and shortly after the end of its announced life. */
const BEFORE_MS = 2_000;
const LIFE_MS_MAX = 600_000;

export const cursorLife: Probe = {
  name: 'cursor life',
  asks: 'whether a cursor lives as long as announced (waits for its end)',
  cost: () => ({ [PAGES]: 3 }),
  waitsAboutMs: () => 125_000,
  isWanted: ({ isThorough }) => isThorough,
  lacks: ({ cursorsExpire }) =>
    cursorsExpire ? null : 'neither the file nor the kind of paging names an end of their life',
  async run(context) {
    const { asker, notebook, pages } = context;
    const { page } = await askPage(context, { cursor: null, limit: 1 });
    const cursor = page?.envelope.nextCursor ?? null;
    if (page === null || cursor === null) return;
    const lifeMs = page.envelope.cursorExpiresInMs ?? pages.source.paging.cursorLifeMs;
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

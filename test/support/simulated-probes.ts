/**
 * Probes in simulated time, against the simulator's parts without a network: what a busy machine does
 * to a probe that waits for an instant does not happen here.
 */
import { Asker } from '../../src/explore/asker.js';
import { emptyNotebook } from '../../src/explore/explore.js';
import { Extent } from '../../src/explore/extent.js';
import type { Finding } from '../../src/explore/finding.js';
import { findingsOf } from '../../src/explore/findings/findings.js';
import { PAGES, type Probe } from '../../src/explore/probe.js';
import { streamPages } from '../../src/explore/stream-pages.js';
import type { Received, Send } from '../../src/explore/transport.js';
import type { ResponseMeta } from '../../src/protocol/fetch-messages.js';
import { limitHeaders } from '../../src/simulator/limit-headers.js';
import { type SimulatorSettings, simulatorSettings } from '../../src/simulator/settings.js';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { refusalFault, refusalOf } from '../../workers/fetch/refusal.js';
import { toldLimits } from '../../workers/fetch/response-headers.js';
import { datasync } from './datasync.js';

const T0 = 1_790_000_000_000;
const BUDGET = 100;

/** Sleepers wake in order, each as soon as nothing else can happen before. */
class SimulatedClock {
  #nowMs = T0;
  readonly #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  readonly nowMs = (): number => this.#nowMs;

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => {
      this.#sleepers.push({ atMs: this.#nowMs + Math.max(0, ms), wake });
    });

  async run(work: Promise<void>): Promise<void> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    for (;;) {
      await Promise.race([done, new Promise((resolve) => setImmediate(resolve))]);
      if (isDone) return;
      const next = this.#sleepers.sort((a, b) => a.atMs - b.atMs).shift();
      if (next === undefined) throw new Error('it waits for nothing that time brings');
      this.#nowMs = next.atMs;
      next.wake();
    }
  }
}

export interface ProbedApi {
  readonly knobs?: Partial<SimulatorSettings>;
  /** It answers one request after the other. @default false */
  readonly takesTurns?: boolean;
}

/** Runs the probes one after the other. @returns a finding by its name */
export async function probeInSimulatedTime(
  probes: readonly Probe[],
  { knobs = {}, takesTurns = false }: ProbedApi,
): Promise<(name: string) => Pick<Finding, 'value' | 'confidence'>> {
  const settings = simulatorSettings.parse({ events: 20_000, latencyMs: 10, ...knobs });
  const clock = new SimulatedClock();
  const asker = new Asker({
    send: simulatedSend(createSimulator(settings), clock, takesTurns),
    requestsAtOnce: Number.POSITIVE_INFINITY,
    nowMs: clock.nowMs,
    sleep: clock.sleep,
    onWait: () => {},
    onStart: () => {},
  });
  const policy = datasync.defaultPolicy;
  await asker.addBucket({ name: PAGES, budget: BUDGET, policy, reserve: 0, memory: null });
  const expected = { latencyMs: settings.latencyMs, policy };
  const pages = streamPages(datasync, 'http://simulated/api/v1');
  const context = {
    asker,
    pages,
    scope: {
      subject: pages.subject,
      budget: BUDGET,
      isThorough: true,
      doesProvoke: true,
      expected,
    },
    notebook: emptyNotebook(pages.subject),
    extent: new Extent(),
    nowMs: clock.nowMs,
  };
  const all = async () => {
    for (const probe of probes) await probe.run(context);
  };
  await clock.run(all());
  context.notebook.starts.set(PAGES, asker.starts(PAGES));
  const findings = findingsOf(context.notebook, context.extent, {
    ...{ fields: pages.fields, paging: null, declaredLimits: null, hasCredentials: true },
  });
  return (name) => {
    const found = findings.find((finding) => finding.name === name);
    if (found === undefined) throw new Error(`no finding ${name}`);
    return { value: found.value, confidence: found.confidence };
  };
}

function simulatedSend(simulator: Simulator, clock: SimulatedClock, takesTurns: boolean): Send {
  const { latencyMs } = simulator.settings;
  let freeAtMs = 0;
  return async ({ url }) => {
    const sentAtMs = clock.nowMs();
    const answer = answerTo(simulator, { url, nowMs: sentAtMs });
    const beginsAtMs = takesTurns ? Math.max(sentAtMs, freeAtMs) : sentAtMs;
    freeAtMs = beginsAtMs + latencyMs;
    await clock.sleep(freeAtMs - sentAtMs);
    return receivedAs(answer, url, { sentAtMs, endAtMs: clock.nowMs() });
  };
}

interface SimulatedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer<ArrayBuffer>;
}

/** As the client of the fetch worker would tell of it. */
function receivedAs(
  { status, headers, body }: SimulatedAnswer,
  url: string,
  { sentAtMs, endAtMs }: { readonly sentAtMs: number; readonly endAtMs: number },
): Received {
  const meta: ResponseMeta = {
    ...{ status, requestId: null, sentAtMs, headAtMs: endAtMs, endAtMs, redirects: 0 },
    ...{ ...toldLimits(headers, endAtMs, []), bodyBytes: body.length },
  };
  const { buffer } = body;
  if (status === 200) return { type: 'page', url, body, buffer, meta, headers };
  const refusal = refusalOf(meta, body.toString(), headers);
  const fault = refusalFault(meta, refusal, { source: datasync, url });
  return { type: 'fault', fault, refusal, buffer, meta, headers };
}

interface Request {
  readonly url: string;
  readonly nowMs: number;
}

function answerTo(
  { settings, gate, views, cursors, renderer }: Simulator,
  { url, nowMs }: Request,
): SimulatedAnswer {
  const { searchParams: query } = new URL(url);
  const admission = gate.admit({ headerKey: settings.apiKey, query, bucket: 'events', nowMs });
  if (admission.type === 'unauthorised' || admission.verdict === null) {
    throw new Error('the probes have a key, and there is a limit');
  }
  const told = Object.entries(limitHeaders(settings.limitDialect, admission.verdict, nowMs));
  const named = Object.fromEntries(told.map(([name, value]) => [name.toLowerCase(), value]));
  const say = (status: number, body: string) => ({
    status,
    headers: { ...named, date: new Date(nowMs).toUTCString() },
    body: Buffer.from(new TextEncoder().encode(body).buffer),
  });
  if (admission.type === 'refused') return say(429, '{"code":"RATE_LIMIT_EXCEEDED"}');
  const cursor = cursors.decode(query.get('cursor') ?? '');
  if (cursor !== null && cursor.expiresAtMs <= nowMs) return say(400, '{"code":"CURSOR_EXPIRED"}');
  const view = views.events({ sessionId: null, type: null });
  const limit = Math.min(settings.pageCap, Number(query.get('limit') ?? settings.defaultLimit));
  const start = cursor === null ? 0 : view.firstAfter(cursor.position);
  const end = Math.min(view.count, start + limit);
  const expiresAtMs = nowMs + settings.cursorTtlMs;
  const tail = {
    pagination: {
      limit,
      hasMore: end < view.count,
      nextCursor: cursors.encode({ position: view.positionAt(end - 1), expiresAtMs }),
      cursorExpiresIn: Math.ceil((settings.cursorTtlMs - settings.latencyMs) / 1000),
    },
    meta: { total: view.count, returned: end - start },
  };
  const rows = renderer.renderPage(view, start, end).toString();
  return say(200, `${rows},${JSON.stringify(tail).slice(1)}`);
}

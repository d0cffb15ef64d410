/** Probes: compression, and whether several requests at once get more done. */
import { askPage, largestGranted, PAGES, type Probe, type ProbeContext } from '../probe.js';
import { spots } from '../spots.js';
import { isFullSample } from './pages.js';

const THOROUGH_AT_ONCE = 4;

export const compression: Probe = {
  name: 'compression',
  asks: 'whether pages come compressed and whether it pays',
  cost: () => ({ [PAGES]: 1 }),
  waitsAboutMs: () => 0,
  isWanted: () => true,
  async run(context) {
    const limit = largestGranted(context);
    const [spot] = spots(context, 1, limit);
    await askPage(context, { ...(spot ?? { cursor: null }), limit, acceptsGzip: true });
  },
};

export const twoAtOnce: Probe = {
  name: 'two at once',
  asks: 'whether two requests at once are quicker than one after the other',
  cost: () => ({ [PAGES]: 2 }),
  waitsAboutMs: () => 0,
  isWanted: () => true,
  run: (context) => askTogether(context, 2),
};

export const fourAtOnce: Probe = {
  name: 'four at once',
  asks: 'whether four requests at once are quicker still',
  cost: () => ({ [PAGES]: THOROUGH_AT_ONCE }),
  waitsAboutMs: () => 0,
  isWanted: ({ isThorough }) => isThorough,
  run: (context) => askTogether(context, THOROUGH_AT_ONCE),
};

/** Full pages where they are to be had, so that their latency compares with the single ones. */
async function askTogether(context: ProbeContext, count: number): Promise<void> {
  const { notebook, asker, pages } = context;
  if (asker.left(PAGES) < count) return;
  const limit = largestGranted(context);
  const hasSingle = notebook.pages.some((page) => isFullSample(page, limit));
  const places = spots(context, count, limit);
  const answers = await Promise.all(
    places.map((spot) =>
      askPage(context, { ...spot, limit: hasSingle ? limit : pages.firstLimit }),
    ),
  );
  const seen = answers.flatMap(({ page }) => (page === null ? [] : [page.answer]));
  if (seen.length < count) {
    notebook.skipped.set(`${count} at once`, 'one of the requests failed');
    return;
  }
  const starts = seen.map(({ sentAtMs }) => sentAtMs);
  const ends = seen.map(({ endAtMs }) => endAtMs);
  const elapsedMs = Math.max(...ends) - Math.min(...starts);
  const sharedMs = Math.max(0, Math.min(...ends) - Math.max(...starts));
  notebook.together.push({
    count,
    elapsedMs,
    latenciesMs: seen.map(({ sentAtMs, endAtMs }) => endAtMs - sentAtMs),
    overlap: elapsedMs === 0 ? 0 : sharedMs / elapsedMs,
  });
}

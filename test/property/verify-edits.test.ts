/**
 * Any single edit is found, and nothing is ever found where nobody edited. SEED=… replays one history.
 */
import { describe, expect, test } from 'vitest';
import { drawInteger, type Random, seededRandom } from '../support/random.js';
import {
  type ModelRow,
  placeOf,
  randomId,
  randomSource,
  VerifyModel,
  walk,
} from '../support/verify-model.js';
import type { TestRow } from '../support/writer-pages.js';

const SEEDS =
  process.env.SEED === undefined
    ? Array.from({ length: 100 }, (_, index) => index + 1)
    : [Number(process.env.SEED)];

interface History {
  readonly model: VerifyModel;
  /** The run to verify. */
  readonly run: number;
  readonly source: readonly TestRow[];
}

type Shape = (random: Random) => History;

/** A source of up to 120 rows, and a run over it that has not begun. */
function begin(random: Random, untimedShare = 0): History {
  const model = new VerifyModel();
  const source = randomSource(random, drawInteger(random, 1, 120), untimedShare);
  return { model, source, run: model.addRun('a') };
}

function commitAll({ model, source, run }: History, random: Random, segment = 1, repeated = 0) {
  const limit = drawInteger(random, 1, 30);
  for (const page of walk(source, { run, segment, limit, repeated })) model.commit(page);
}

const SHAPES: Readonly<Record<string, Shape>> = {
  'a finished run': (random) => {
    const history = begin(random);
    commitAll(history, random);
    return history;
  },
  'a run with rows without a timestamp': (random) => {
    const history = begin(random, 0.2);
    commitAll(history, random);
    return history;
  },
  'a run whose pages begin with rows of the page before': (random) => {
    const history = begin(random, 0.05);
    commitAll(history, random, 1, drawInteger(random, 1, 5));
    return history;
  },
  'a walk begun again behind opaque cursors': (random) => {
    const history = begin(random);
    const { model, source, run } = history;
    const limit = drawInteger(random, 1, 30);
    const pagesMax = drawInteger(random, 1, 4);
    for (const page of walk(source, { run, segment: 1, limit, pagesMax })) model.commit(page);
    commitAll(history, random, 2);
    return history;
  },
  'a run begun again over the same table': (random) => {
    const history = begin(random, 0.1);
    commitAll(history, random);
    const again = { ...history, run: history.model.addRun('a') };
    commitAll(again, random);
    return again;
  },
  'a table that an earlier run has half filled': (random) => {
    const history = begin(random);
    const { model, source } = history;
    const pages = walk(source, { run: history.run, segment: 1, limit: 10, pagesMax: 3 });
    for (const page of pages) model.commit(page);
    model.runs[0] = { run: 1, source: 'test', stream: 'events', origin: 'a', status: 'paused' };
    const again = { ...history, run: model.addRun('a') };
    commitAll(again, random);
    return again;
  },
  'a half-done run with pages missing here and there': (random) => {
    const history = begin(random);
    const { model, source, run } = history;
    model.runs[0] = { run, source: 'test', stream: 'events', origin: 'a', status: 'paused' };
    for (const page of walk(source, { run, segment: 1, limit: drawInteger(random, 1, 30) })) {
      if (random() < 0.7) model.commit(page);
    }
    return history;
  },
  'two segments over the halves': (random) => {
    const history = begin(random);
    const { model, source, run } = history;
    const middle = drawInteger(random, 0, source.length - 1);
    const bound = placeOf(source[middle] as TestRow);
    const [left, right] = [source.slice(0, middle + 1), source.slice(middle + 1)];
    for (const page of walk(left, { run, segment: 1, limit: 20 })) {
      model.commit({ ...page, bound, through: page.through ?? bound });
    }
    for (const page of walk(right, { run, segment: 2, limit: 20 })) {
      model.commit({ ...page, after: page.after ?? bound });
    }
    return history;
  },
  'two origins in one table': (random) => {
    const history = begin(random);
    commitAll(history, random);
    const { model } = history;
    const other = { model, source: randomSource(random, 50), run: model.addRun('b') };
    commitAll(other, random);
    return random() < 0.5 ? history : other;
  },
};

/** Each changes one thing, and says what; null where there is nothing to change. */
const TABLE_EDITS: Readonly<Record<string, (history: History, random: Random) => string | null>> = {
  'a row deleted': ({ model, run }, random) => {
    const row = pick(model, run, random);
    if (row === null) return null;
    model.table.delete(row.id);
    return row.id;
  },
  'a row added without an owner': ({ model }, random) => {
    const id = randomId(random);
    model.table.set(id, { id, ms: random() < 0.5 ? 1_700_000_000_000 : Number.NaN, owner: null });
    return id;
  },
  'a row added with the owner of another row': ({ model, run }, random) => {
    const near = pick(model, run, random);
    if (near === null) return null;
    const id = randomId(random);
    model.table.set(id, { id, ms: 1_700_000_000_000, owner: near.owner });
    return id;
  },
  'a row given to a page that did not write it': ({ model, run }, random) => {
    const row = pick(model, run, random);
    const others = model.pages.filter(({ id }) => id !== row?.owner);
    const other = others[drawInteger(random, 0, Math.max(0, others.length - 1))];
    if (row === null || other === undefined) return null;
    model.table.set(row.id, { ...row, owner: other.id });
    return `${row.id} to ${other.id}`;
  },
  'a row added with an owner that the ledger does not have': ({ model }, random) => {
    const id = randomId(random);
    model.table.set(id, { id, ms: 1_700_000_000_000, owner: 77_777 });
    return id;
  },
  'an owner taken away': ({ model, run }, random) =>
    change(model, run, random, (row) => ({ ...row, owner: null })),
  'an id changed': ({ model, run }, random) => {
    const row = pick(model, run, random);
    if (row === null) return null;
    model.table.delete(row.id);
    const id = randomId(random);
    model.table.set(id, { ...row, id });
    return `${row.id} to ${id}`;
  },
  'occurred_at changed by 1 ms': ({ model, run }, random) =>
    change(model, run, random, (row) => ({ ...row, ms: row.ms + (random() < 0.5 ? 1 : -1) })),
  'occurred_at changed by far': ({ model, run }, random) =>
    change(model, run, random, (row) => ({ ...row, ms: row.ms - drawInteger(random, 1, 500_000) })),
  'occurred_at changed by 1 µs': ({ model, run }, random) =>
    change(model, run, random, (row) => ({ ...row, ms: row.ms + 0.001 })),
  'occurred_at set to NULL': ({ model, run }, random) =>
    change(model, run, random, (row) => ({ ...row, ms: Number.NaN })),
};

function pick(model: VerifyModel, run: number, random: Random): ModelRow | null {
  const rows = model.rowsOf(run);
  return rows[drawInteger(random, 0, Math.max(0, rows.length - 1))] ?? null;
}

function change(
  model: VerifyModel,
  run: number,
  random: Random,
  edit: (row: ModelRow) => ModelRow,
) {
  const timed = model.rowsOf(run).filter(({ ms }) => !Number.isNaN(ms));
  const row = timed[drawInteger(random, 0, Math.max(0, timed.length - 1))];
  if (row === undefined) return null;
  model.table.set(row.id, edit(row));
  return row.id;
}

describe.each(Object.entries(SHAPES))('%s', (_, shape) => {
  test('holds as long as nobody edits it', () => {
    for (const seed of SEEDS) {
      const { model, run } = shape(seededRandom(seed));
      const { differences } = model.verify(run);
      expect(differences, `SEED=${seed}`).toEqual([]);
    }
  });

  test.each(Object.entries(TABLE_EDITS))('%s is found', (name, edit) => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const history = shape(random);
      const edited = edit(history, random);
      if (edited === null) continue;
      const { ok, differences } = history.model.verify(history.run);
      expect(ok, `SEED=${seed}: ${name}: ${edited}`).toBe(false);
      expect(differences.length).toBeLessThanOrEqual(4);
    }
  });
});

test('control: a proof that ignores the digest would miss a changed id', () => {
  const random = seededRandom(1);
  const history = begin(random);
  commitAll(history, random);
  TABLE_EDITS['an id changed']?.(history, random);
  const { differences, rows } = history.model.verify(history.run);
  const claimed = history.model.pages.reduce((sum, { inserted }) => sum + inserted, 0);
  // The count agrees with the ledger: only the digest tells.
  expect(rows).toBe(claimed);
  expect(differences.map(({ kind }) => kind)).toEqual(['changed']);
});

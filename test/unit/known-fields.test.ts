/** Which changes of records are told from run to run, and which are none. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type FieldChange,
  type KnownField,
  SEEN_MIN,
  seeFields,
} from '../../src/source/shape/known-fields.js';
import { NAMES_MAX, RecordShape } from '../../src/source/shape/record-shape.js';

/** Runs that follow one another; each call is one session. */
class Stream {
  #known: readonly KnownField[] = [];
  #run = 0;

  /** A new run. @returns its changes */
  run(records: readonly unknown[]): readonly FieldChange[] {
    this.#run++;
    return this.session(records);
  }

  /** A further session of the same run. */
  session(records: readonly unknown[]): readonly FieldChange[] {
    const shape = new RecordShape();
    for (const record of records) shape.observe(record);
    const { known, changes } = seeFields(this.#known, shape.facts(), this.#run);
    this.#known = known;
    return changes;
  }

  get paths(): string[] {
    return this.#known.map(({ path }) => path).toSorted();
  }
}

const times = (count: number, of: (index: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, index) => of(index));
const many = (record: unknown): unknown[] => times(SEEN_MIN, () => record);

describe('nothing is told', () => {
  test('of a first run, however many sessions it has', () => {
    const stream = new Stream();
    expect(stream.run(many({ id: 1 }))).toEqual([]);
    expect(stream.session(many({ id: 'x', more: 1 }))).toEqual([]);
    expect(stream.run(many({ id: 'x', more: 1 }))).toEqual([]);
  });

  test('of the same records in another order', () => {
    const records = fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(records, fc.integer({ min: 0, max: 60 }), (values, turn) => {
        const stream = new Stream();
        stream.run(values);
        const at = turn % values.length;
        expect(stream.run([...values.slice(at), ...values.slice(0, at)])).toEqual([]);
      }),
    );
  });

  test('of a field that is often absent, or of a run of few records', () => {
    const stream = new Stream();
    const rare = times(100, (index) => (index < 90 ? { id: 1, rare: 1 } : { id: 1 }));
    stream.run(rare);
    expect(stream.run(times(100, () => ({ id: 1 })))).toEqual([]);
    const steady = new Stream();
    steady.run(many({ id: 1, name: 'x' }));
    expect(steady.run(times(SEEN_MIN - 1, () => ({ id: 1 })))).toEqual([]);
  });

  test('of null, of an integer among decimals, of an instant among texts', () => {
    const stream = new Stream();
    stream.run(many({ price: 1.5, note: 'x', at: null }));
    expect(stream.run(many({ price: 2, note: '2024-02-29T12:30:00Z', at: null }))).toEqual([]);
    expect(stream.run(many({ price: null, note: null, at: 1 }))).toEqual([]);
  });

  test('of what lies deeper than was looked at', () => {
    const stream = new Stream();
    const deep = { id: 1, user: { address: { city: 'x' } } };
    stream.run(many(deep));
    const inner = Object.fromEntries(
      times(60, (index) => [`f${index}`, { a: 1, b: 2, c: 3 }]) as [string, unknown][],
    );
    const wide = { ...deep, p: { q: inner, r: inner, s: inner } };
    expect(stream.run(many(wide))).toMatchObject([{ path: 'p', change: 'new' }]);
    expect(stream.paths).toContain('user.address.city');
    expect(stream.run(many(deep)).map(({ path }) => path)).toEqual(['p']);
  });

  test('of the elements of a list that was empty, or of names that are data', () => {
    const stream = new Stream();
    const labels = (from: number): unknown =>
      Object.fromEntries(
        times(60, (index) => [`label${from + Number(index)}`, 1]) as [string, number][],
      );
    stream.run(many({ tags: [], labels: {} }));
    expect(stream.run(many({ tags: [{ name: 'x' }], labels: { a: 1 } }))).toEqual([]);
    stream.run(many({ tags: [], labels: labels(0) }));
    expect(stream.run(many({ tags: [], labels: labels(NAMES_MAX) }))).toEqual([]);
    expect(stream.paths).not.toContain('labels.label0');
    expect(stream.run(many({ tags: [], labels: labels(1_000) }))).toEqual([]);
  });
});

describe('what is told, once', () => {
  test('a new field, the outermost alone', () => {
    const stream = new Stream();
    stream.run(many({ id: 1, user: { name: 'x' } }));
    const records = [
      { id: 1, user: { name: 'x', age: 3 }, cart: { total: 1 } },
      { id: 2, user: null },
    ];
    expect(stream.run(records)).toEqual([
      { path: 'cart', change: 'new', before: [], now: ['object'], records: 1, of: 2 },
      { path: 'user.age', change: 'new', before: [], now: ['integer'], records: 1, of: 1 },
    ]);
    expect(stream.run(records)).toEqual([]);
  });

  test('another type, with those that are of it', () => {
    const stream = new Stream();
    stream.run(many({ id: 1, price: 2 }));
    const records = [
      { id: 1, price: 'two' },
      { id: 2, price: 2 },
      { id: 3, price: 2.5 },
      { id: 4, price: null },
    ];
    expect(stream.run(records)).toEqual([
      {
        path: 'price',
        change: 'type changed',
        before: ['integer'],
        now: ['decimal', 'text'],
        records: 2,
        of: 4,
      },
    ]);
    expect(stream.run(records)).toEqual([]);
    stream.run(many({ id: 1, price: 2 }));
    expect(stream.run(records)).toEqual([]);
  });

  test('a list that becomes an object, without the fields in it', () => {
    const stream = new Stream();
    stream.run(many({ lines: [{ price: 1 }] }));
    expect(stream.run(many({ lines: { price: 1 } }))).toMatchObject([
      { path: 'lines', change: 'type changed', before: ['list'], now: ['object'] },
    ]);
  });

  test('a field that has vanished from enough records, and not what was in it', () => {
    const stream = new Stream();
    stream.run(many({ id: 1, user: { name: 'x' } }));
    expect(stream.run(many({ id: 1 }))).toEqual([
      {
        ...{ path: 'user', change: 'vanished', before: ['object'], now: [] },
        ...{ records: SEEN_MIN, of: SEEN_MIN },
      },
    ]);
    expect(stream.run(many({ id: 1 }))).toEqual([]);
    // It comes back, which is nothing new, and goes again.
    expect(stream.run(many({ id: 1, user: { name: 'x' } }))).toEqual([]);
    expect(stream.run(many({ id: 1, user: {} }))).toMatchObject([
      { path: 'user.name', change: 'vanished' },
    ]);
  });

  test('a field that has vanished over several runs of few records', () => {
    const stream = new Stream();
    stream.run(many({ id: 1, name: 'x' }));
    const told = times(SEEN_MIN, () => stream.run([{ id: 1 }]).length);
    expect(told).toEqual([...times(SEEN_MIN - 1, () => 0), 1]);
  });
});

/** Which pages of a failed proof are fetched again, and which never. */
import { beforeEach, expect, test } from 'vitest';
import { isRepairable, pagesToRelease } from '../../src/database/verify/repairable.js';
import { repairHint } from '../../src/database/verify/verification-text.js';
import { type VerifyModel, walk, walkedRun } from '../support/verify-model.js';
import { testRows } from '../support/writer-pages.js';

const source = testRows(50);
let model: VerifyModel;
let run: number;

beforeEach(() => {
  ({ model, run } = walkedRun(source));
});

function deleteRow(index: number): void {
  model.table.delete(source[index]?.id ?? '');
}

function verdict(of = run): { readonly ids: readonly number[]; readonly isRepairable: boolean } {
  const proof = model.verify(of);
  return { ids: pagesToRelease(proof), isRepairable: isRepairable(proof) };
}

test('pages of the run that differ, each once, whatever differs of them', () => {
  expect(verdict()).toEqual({ ids: [], isRepairable: false });
  deleteRow(12);
  Object.assign(model.pages[1] ?? {}, { quarantined: 1, returned: 11 });
  Object.assign(model.pages[3] ?? {}, { digest: '7' });
  expect(verdict()).toEqual({ ids: [2, 4], isRepairable: true });
});

test('no rows that no page owns, and no page that the ledger does not have', () => {
  const [one, other] = testRows(2, 900);
  if (one === undefined || other === undefined) throw new Error('two rows');
  model.table.set(one.id, { ...one, owner: null });
  model.table.set(other.id, { ...other, owner: 77 });
  model.orphans = [{ segment: 1, page: 9, count: 3 }];
  expect(model.verify(run).differences).toHaveLength(3);
  expect(verdict()).toEqual({ ids: [], isRepairable: false });
  expect(repairHint({ ...model.verify(run), durationMs: 1 })).toContain('Nothing of it');
});

test('no page from before rows had owners', () => {
  Object.assign(model.pages[1] ?? {}, { id: null, digest: null, returned: 11 });
  for (const row of model.table.values()) {
    if (row.owner === 2) model.table.set(row.id, { ...row, owner: null });
  }
  model.unownedBefore = 10;
  expect(model.verify(run).differences).toMatchObject([{ kind: 'ledger', pageId: null }]);
  expect(verdict()).toEqual({ ids: [], isRepairable: false });
});

test('no page of another run, though this one rests on it', () => {
  const again = model.addRun('a');
  for (const page of walk(source, { run: again, segment: 1, limit: 20 })) model.commit(page);
  deleteRow(3);
  expect(model.verify(again).differences).toMatchObject([{ kind: 'missing', run: 1, pageId: 1 }]);
  expect(verdict(again)).toEqual({ ids: [], isRepairable: false });
  expect(verdict(1)).toEqual({ ids: [1], isRepairable: true });
});

test('what no page covers is walked, and no page let go for it', () => {
  model.pages.splice(2, 1);
  expect(verdict()).toEqual({ ids: [], isRepairable: true });
  expect(repairHint({ ...model.verify(run), durationMs: 1 })).toContain('verify --repair');
});

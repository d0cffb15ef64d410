/** Records in quarantine of a stream with a codec: their keys and instants are read as those of a page are. */
import { expect, test } from 'vitest';
import { environmentFor } from '../support/ingest-check.js';
import { useVerifiedRuns } from '../support/verified-runs.js';

const { database, folder, simulate, ingest, expectProven } = useVerifiedRuns();

test('what the table takes now is stored, and what has no key stays with its reason', async () => {
  const simulator = await simulate({
    events: 3_000,
    hostileRows: 0.01,
    hostileKinds: 'noId,nulInString',
  });
  const { code, stderr } = await ingest(simulator);
  expect(code, stderr).toBe(0);
  await expectProven(simulator);
  const reasons = async () => {
    const { rows } = await database.pool.query(
      'SELECT reason, count(*)::int AS records FROM ingestion_quarantine GROUP BY 1 ORDER BY 1',
    );
    return rows;
  };
  const before = await reasons();
  // As a record is there whose column took nothing then: here, one whose text is mended.
  const { rows } = await database.pool.query<{ place: string }>(
    `UPDATE ingestion_quarantine SET raw_text = replace(raw_text, '\\u0000', '')
     WHERE raw_text LIKE '%u0000%' RETURNING index AS place`,
  );
  expect(rows.length).toBeGreaterThan(0);
  const retried = await folder.run(
    ['quarantine', 'retry', '--json'],
    environmentFor(simulator, database),
  );
  const left = before.find(({ reason }) => reason === 'no field "id"')?.records;
  expect(retried).toMatchObject({ code: 1, result: { inserted: rows.length, refused: left } });
  expect(await reasons()).toEqual([{ reason: 'no field "id"', records: left }]);
  const proof = await expectProven(simulator);
  expect(proof).toMatchObject({ quarantined: left, returned: proof.inserted + (left ?? 0) });
});

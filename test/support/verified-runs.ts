/** Runs over a simulator, and what `datasync verify` says of them. */
import { expect } from 'vitest';
import type { Difference, Verification } from '../../src/database/verify/verify-types.js';
import { environmentFor, type Simulation, useEmptyTables, useSimulator } from './ingest-check.js';
import { type Exit, useIngestFolder } from './ingest-process.js';

type Simulated = Parameters<ReturnType<typeof useSimulator>>[0];

/** Called at the top of a test file. */
export function useVerifiedRuns() {
  const database = useEmptyTables();
  const simulate = useSimulator();
  const folder = useIngestFolder();

  async function ingest(simulator: Simulation, ...flags: string[]): Promise<Exit> {
    return folder.run(['ingest', '--json', ...flags], {
      ...environmentFor(simulator, database),
      // Hostile rows are wanted here.
      QUARANTINE_LIMIT: '1',
    });
  }

  async function verify(
    simulator: Simulation,
    ...flags: string[]
  ): Promise<{ code: number | null; proof: Verification; stderr: string }> {
    const env = environmentFor(simulator, database, { LOG_LEVEL: 'warn' });
    const { code, result, stderr } = await folder.run(['verify', '--json', ...flags], env);
    return { code, proof: result as unknown as Verification, stderr };
  }

  /** A finished run of 5,500 events, 1,000 a page. */
  async function finishedRun(changes: Simulated = {}): Promise<Simulation> {
    const simulator = await simulate({ events: 5_500, ...changes });
    const { code, stderr } = await ingest(simulator);
    expect(code, stderr).toBe(0);
    return simulator;
  }

  /** Edits the database as a superuser can. */
  async function edit(sql: string): Promise<void> {
    const { rowCount } = await database.pool.query(sql);
    expect(rowCount, sql).toBeGreaterThan(0);
  }

  async function expectProven(simulator: Simulation, ...flags: string[]): Promise<Verification> {
    const { code, proof, stderr } = await verify(simulator, ...flags);
    expect({ differences: proof.differences, stderr }).toEqual({ differences: [], stderr: '' });
    expect({ code, ok: proof.ok }).toEqual({ code: 0, ok: true });
    return proof;
  }

  async function expectDifferences(simulator: Simulation): Promise<readonly Difference[]> {
    const { code, proof } = await verify(simulator);
    expect({ code, ok: proof.ok }).toEqual({ code: 1, ok: false });
    expect(proof.differences.length).toBeGreaterThan(0);
    return proof.differences;
  }

  return {
    ...{ database, simulate, folder },
    ...{ ingest, verify, finishedRun, edit, expectProven, expectDifferences },
  };
}

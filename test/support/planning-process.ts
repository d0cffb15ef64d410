/**
 * A process that does a piece of work under the plan lock, to be frozen in the middle of it: forked with the address
 * of the database. It says `held` each time that it has the lock, writes a row once it is told to go on, and says
 * at last how often it has begun.
 */
import { once } from 'node:events';
import { Patience } from '../../src/database/patience.js';
import { withPlanLock } from '../../src/database/plan-lock.js';
import { STREAM } from './run-members.js';

const [connectionString = '', leaseMs = ''] = process.argv.slice(2);
const patience = new Patience({ forMs: 60_000 });
let attempts = 0;
await withPlanLock(
  STREAM,
  { connectionString, patience, leaseMs: Number(leaseMs) },
  async ({ pool }) => {
    attempts++;
    const told = once(process, 'message');
    process.send?.('held');
    await told;
    await pool.query('INSERT INTO planned VALUES ($1)', [`frozen ${attempts}`]);
  },
);
process.send?.(attempts);
process.disconnect();

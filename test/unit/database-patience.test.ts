import { expect, test } from 'vitest';
import { Patience } from '../../src/database/patience.js';

const away = () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));

test('after the end one attempt more is made, and none once it found the database away', async () => {
  let attempts = 0;
  const attempt = () => {
    attempts++;
    return away();
  };
  const patience = new Patience({ forMs: 60_000 });
  patience.end();
  await expect(patience.during(attempt)).rejects.toMatchObject({
    fault: { code: 'DATABASE_UNAVAILABLE' },
  });
  await expect(patience.during(attempt)).rejects.toThrow('refused');
  await expect(patience.during(attempt)).rejects.toThrow('refused');
  expect(attempts).toBe(1);
});

test('after the end a statement that the database refuses keeps nobody else from asking', async () => {
  const patience = new Patience({ forMs: 60_000 });
  patience.end();
  const refused = () => Promise.reject(Object.assign(new Error('no'), { code: '42501' }));
  await expect(patience.during(refused)).rejects.toThrow('right');
  expect(await patience.during(async () => 'done')).toBe('done');
});

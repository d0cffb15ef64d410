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

test('a part is waited for as the whole is, as long as anything of it is worth that', async () => {
  let isWorthIt = true;
  let attempts = 0;
  const attempt = async () => {
    if (++attempts < 3) return away();
    isWorthIt = false;
    return away();
  };
  const whole = new Patience({ forMs: 60_000 });
  await expect(whole.ofPart(() => isWorthIt).during(attempt)).rejects.toThrow('refused');
  expect(attempts).toBe(3);
  whole.end();
  await expect(whole.ofPart(() => true).during(attempt)).rejects.toThrow('refused');
  expect(attempts).toBe(4);
});

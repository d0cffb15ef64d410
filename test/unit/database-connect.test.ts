import { describe, expect, test } from 'vitest';
import { describeTarget } from '../../src/database/connect.js';

describe('describeTarget', () => {
  test.each([
    ['postgresql://user:hunter2@db.example:5433/ingestion', 'db.example:5433/ingestion'],
    ['postgres://user:hunter2@db.example/ingestion?sslmode=require', 'db.example:5432/ingestion'],
    ['postgres://user:hunter2@[::1]:5432/a', '[::1]:5432/a'],
    ['postgresql://user:hunter2@db.example', 'db.example:5432'],
    [
      'postgresql:///ingestion?host=/run/postgresql&password=hunter2',
      '/run/postgresql:5432/ingestion',
    ],
  ])('%s is named without user, password and options', (connectionString, name) => {
    expect(describeTarget(connectionString)).toBe(name);
  });

  test('what is no URL is not repeated, for it may hold the password anywhere', () => {
    expect(describeTarget('host=db password=hunter2')).toBe('the database');
  });
});

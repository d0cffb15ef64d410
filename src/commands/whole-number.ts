/** Reads a flag that takes a whole number from 1 on. */
import { InvalidArgumentError } from 'commander';

/** @throws InvalidArgumentError, which commander prints with the flag's name */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It takes a whole number from 1 on.');
  return value;
}

/**
 * The environment: process variables over `.env`, an empty value counting as unset.
 *
 * Only this folder reads process.env.
 */
import { readFileSync } from 'node:fs';
import { EnvFileError, readEnvFile } from './env-file.js';

/** Set variables by name. */
export type Environment = Readonly<Record<string, string>>;

/**
 * @param envFile path of the `.env` file; a missing one is no error
 * @throws EnvFileError when it is there and cannot be read
 */
export function readEnvironment(envFile: string): Environment {
  return { ...nonEmpty(readFile(envFile)), ...nonEmpty(process.env) };
}

/** For a library that reads its own variables: puts those of `.env` beside the process's own. */
export function lendEnvironment(variables: Environment): void {
  Object.assign(process.env, variables);
}

/** PG…, as in psql; by the others the user's name and `.pgpass` are found. */
const DATABASE_VARIABLE = /^(?:PG[A-Z_]+|HOME|APPDATA|USER|USERNAME)$/;

/** What node-postgres reads itself where an address leaves something out. */
export function databaseVariables(environment: Environment): Environment {
  const entries = Object.entries(environment);
  return Object.fromEntries(entries.filter(([name]) => DATABASE_VARIABLE.test(name)));
}

/** What a program needs to find its files and to speak to its user; a key is none of them. */
const CHILD_VARIABLE =
  /^(?:PATH|HOME|USERPROFILE|TMPDIR|TE?MP|LANG|LC_[A-Z]+|TZ|TERM|NO_COLOR|NODE_[A-Z_0-9]+|(?:DY)?LD_[A-Z_]+|SystemRoot|windir)$/i;

/** The variables that a child of ours inherits: no secret is among them. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([name]) => CHILD_VARIABLE.test(name)));
}

function readFile(envFile: string): Environment {
  try {
    return readEnvFile(readFileSync(envFile));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    if (code === undefined) throw error;
    throw new EnvFileError(`cannot be read (${code}): make it a file that this user may read`);
  }
}

function nonEmpty(variables: NodeJS.Dict<string>): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    const trimmed = value?.trim();
    if (trimmed) set[name] = trimmed;
  }
  return set;
}

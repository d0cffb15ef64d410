/** What can go wrong with the embedded server, each with the remedy that an operator needs. */
import { IngestionError } from '../core/fault.js';

const OWN_DATABASE = 'or set DATABASE_URL to a PostgreSQL of your own';

function refused(message: string, remedy: string): IngestionError {
  return new IngestionError({ code: 'DATABASE_REFUSED', message, retryable: false, remedy });
}

export function noBinaries(tried: readonly string[]): IngestionError {
  const where = tried.length === 0 ? '' : ` (tried ${tried.join('; ')})`;
  return refused(
    `no PostgreSQL programs that run on this machine${where}`,
    `Run npm install without --omit=optional, install PostgreSQL 13 or newer, ${OWN_DATABASE}`,
  );
}

export function otherMajorVersion(
  folder: string,
  folderMajor: number,
  found: readonly number[],
): IngestionError {
  return refused(
    `${folder} was made by PostgreSQL ${folderMajor}, and this machine has ${found.join(' and ')}`,
    `Install PostgreSQL ${folderMajor}, or move the folder away to begin with an empty database`,
  );
}

export function notADataFolder(folder: string): IngestionError {
  return refused(
    `${folder} holds files that are not a PostgreSQL database`,
    'Move them away, or name another folder',
  );
}

export function notOurs(folder: string): IngestionError {
  return refused(
    `${folder} belongs to another user, and PostgreSQL runs only as the owner of its folder`,
    'Start the program as that user or as root, or move the folder away',
  );
}

export function noPassword(folder: string): IngestionError {
  return refused(
    `${folder} does not hold the password that this program keeps there, or it no longer fits`,
    `Set DATABASE_URL with the right password, or move the folder away to begin anew`,
  );
}

export function portSilent(folder: string, pid: number, port: number | null): IngestionError {
  const where = port === null ? 'names no port' : `does not answer on 127.0.0.1:${port}`;
  return refused(
    `the PostgreSQL of ${folder} runs as process ${pid} but ${where}`,
    `End it with: kill -INT ${pid}; then start again`,
  );
}

export function endsAtOnce(folder: string): IngestionError {
  return refused(
    `the PostgreSQL of ${folder} ends as soon as it has started`,
    `Its log, server.log in that folder, says why`,
  );
}

export function stopTimedOut(pid: number, forMs: number): IngestionError {
  return refused(
    `PostgreSQL, process ${pid}, has not stopped within ${forMs / 1000} s`,
    `Look at its log; kill -QUIT ${pid} ends it at once, and it recovers at its next start`,
  );
}

/**
 * The fault behind a failed step, read from what the programs of PostgreSQL printed.
 *
 * @param doing what was tried: "make the database in ./data/postgres"
 * @param output what was printed, or the text of a log
 */
export function failedStep(doing: string, output: string): IngestionError {
  const reason = firstComplaint(output);
  const known = KNOWN_CAUSES.find(({ pattern }) => pattern.test(output));
  return refused(
    `could not ${doing}: ${reason}`,
    known?.remedy ?? `Mend the cause, ${OWN_DATABASE}`,
  );
}

const KNOWN_CAUSES: readonly { readonly pattern: RegExp; readonly remedy: string }[] = [
  {
    pattern: /No space left on device|ENOSPC|Check free disk space|disk quota exceeded|EDQUOT/i,
    remedy: 'The disk is full: free some space, then start again',
  },
  {
    pattern: /could not bind|Address already in use|could not create any TCP\/IP sockets/i,
    remedy: `No port on 127.0.0.1 could be had: free one, ${OWN_DATABASE}`,
  },
  {
    pattern: /Read-only file system|EROFS|Permission denied|EACCES|EPERM|not permitted/i,
    remedy: `The folder cannot be written: mend its rights, name another, ${OWN_DATABASE}`,
  },
];

/** The first FATAL or error line without its time stamp, for the later ones follow from it. */
function firstComplaint(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((each) => COMPLAINT.test(each)) ?? lines.at(-1) ?? 'it said nothing';
  return line.replace(COMPLAINT, '').trim();
}

const COMPLAINT = /^.*?(FATAL|PANIC|error):\s*/;

/** The fault of an error of the file system, thrown while `doing`. */
export function failedFileStep(doing: string, error: unknown): IngestionError {
  if (error instanceof IngestionError) return error;
  return failedStep(doing, error instanceof Error ? error.message : String(error));
}

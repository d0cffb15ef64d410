/**
 * Secrets in cursors: a link to the next page may repeat the key that it was asked with. A cursor is kept
 * in the ledger and the state file, so there a secret is replaced by its number, and put back when the
 * page is asked for. Another process, or a secret that has changed since, puts its own in.
 *
 *   https://api.example/items?key=s%2Fcret&page=2  ⇄  https://api.example/items?key={secret:0:1}&page=2
 */
import type { PageKind } from '../paging/page-kind.js';
import type { Way } from '../paging/paging.js';

/** A shorter secret stands in texts by chance. */
const SECRET_CHARS_MIN = 6;
const OPENING = '{secret:';
/** In place of an opening that the API wrote itself. */
const OWN_OPENING = `${OPENING}-}`;
const SEAL = /\{secret:(?:-|(\d+):(\d))\}/g;

/** @param secrets in the order of the file @returns the kind, whose cursors show none of them */
export function sealedKind(kind: PageKind, secrets: readonly string[]): PageKind {
  const seal = sealer(secrets);
  if (seal === null) return kind;
  const open = (cursor: string | null) => (cursor === null ? null : opened(cursor, secrets));
  const sealed = <Any extends Way>(way: Any): Any =>
    way.type === 'next' ? { ...way, cursor: seal(way.cursor) } : way;
  const { refused, looksBehindEnd, passesTotal } = kind;
  return {
    ...kind,
    request: (cursor, size) => kind.request(open(cursor), size),
    next: (seen) => sealed(kind.next({ ...seen, cursor: open(seen.cursor) })),
    ...(looksBehindEnd !== undefined && {
      looksBehindEnd(cursor) {
        const look = looksBehindEnd(open(cursor));
        return look === null ? null : { ...look, way: sealed(look.way) };
      },
    }),
    ...(passesTotal !== undefined && {
      passesTotal: (seen) => passesTotal({ ...seen, cursor: open(seen.cursor) }),
    }),
    ...(refused !== undefined && {
      refused(status, cursor) {
        const way = refused(status, open(cursor));
        return way === null ? null : sealed(way);
      },
    }),
  };
}

/** A text with each secret in it replaced by its number. */
export function sealedText(text: string, secrets: readonly string[]): string {
  return sealer(secrets)?.(text) ?? text;
}

/** As it is, and as it stands in a query: percent-encoded, or as a form writes it. */
function formsOf(secret: string): readonly string[] {
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  return [secret, encodeURIComponent(secret), form];
}

/** Null: there is nothing to seal. */
function sealer(secrets: readonly string[]): ((cursor: string) => string) | null {
  const seals = new Map<string, string>();
  for (const [number, secret] of secrets.entries()) {
    if (secret.length < SECRET_CHARS_MIN) continue;
    for (const [form, text] of formsOf(secret).entries()) {
      if (!seals.has(text)) seals.set(text, `${OPENING}${number}:${form}}`);
    }
  }
  if (seals.size === 0) return null;
  seals.set(OPENING, OWN_OPENING);
  // The longest first: one secret may be a part of another.
  const texts = [...seals.keys()].sort((a, b) => b.length - a.length);
  const any = new RegExp(texts.map(literally).join('|'), 'g');
  return (cursor) => cursor.replaceAll(any, (text) => seals.get(text) ?? text);
}

function opened(cursor: string, secrets: readonly string[]): string {
  return cursor.replaceAll(SEAL, (seal, number?: string, form?: string) => {
    if (number === undefined) return OPENING;
    const secret = secrets[Number(number)];
    return secret === undefined ? seal : (formsOf(secret)[Number(form)] ?? seal);
  });
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

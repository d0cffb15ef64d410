/**
 * The header Link (RFC 8288): targets and what they are to this page.
 *
 * Several relations may share a target, values may be quoted or bare, and a target may hold commas and
 * semicolons. A header that breaks the grammar is refused whole: a link that was overlooked would look
 * like the end.
 */

export interface Link {
  /** As it stands there; may be relative. */
  readonly target: string;
  /** Lower-case. */
  readonly rels: readonly string[];
}

// All patterns are sticky: they match at the reader's place or not at all.
const SEPARATORS = /[\s,]*/y;
const TARGET = /<([^<>]*)>/y;
const PARAMETER = /\s*;\s*(?:([^\s=;,"<>]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?/y;
const END_OF_LINK = /\s*(?:,|$)/y;

/** @returns null: the text breaks the grammar. Links about another page than this one are left out. */
export function parseLinks(text: string): readonly Link[] | null {
  const links: Link[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  take(SEPARATORS);
  while (at < text.length) {
    const target = take(TARGET)?.[1];
    if (target === undefined) return null;
    const parameters = new Map<string, string>();
    for (let found = take(PARAMETER); found !== null; found = take(PARAMETER)) {
      const [, name = '', quoted, bare = ''] = found;
      const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare;
      // Of a parameter told twice the first counts.
      if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value);
    }
    if (take(END_OF_LINK) === null) return null;
    if (!parameters.has('anchor')) links.push({ target: target.trim(), rels: relsOf(parameters) });
    take(SEPARATORS);
  }
  return links;
}

function relsOf(parameters: ReadonlyMap<string, string>): readonly string[] {
  return (parameters.get('rel') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
}

/** The house rules for pages in Markdown. Each rule returns what breaks it, one sentence a finding. */
import { posix } from 'node:path';

/** A page. `path` is relative to the repository's root, with forward slashes. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

const LINK = /\]\(([^()\s]+)\)/g;
const ELSEWHERE = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Relative links that lead to no file, or to no heading of a page.
 * @param exists whether there is a file or a folder at a path from the root
 */
export function brokenLinks(pages: readonly Page[], exists: (path: string) => boolean): string[] {
  const anchors = new Map(pages.map(({ path, text }) => [path, new Set(anchorsOf(text))]));
  return pages.flatMap(({ path, text }) =>
    linksOf(text).flatMap((link) => {
      const [target = '', anchor] = link.split('#');
      const file = target === '' ? path : posix.join(posix.dirname(path), target);
      if (!exists(file)) return [`${path} links to ${link}: there is no such file`];
      const isKnown = anchor === undefined || anchors.get(file)?.has(anchor) !== false;
      return isKnown ? [] : [`${path} links to ${link}: there is no such heading`];
    }),
  );
}

export function wordCount(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

/** Code shows brackets that are no links. */
function linksOf(text: string): string[] {
  const prose = withoutFences(text).replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(LINK)]
    .map(([, link = '']) => link)
    .filter((link) => !ELSEWHERE.test(link));
}

/** Of each heading, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const headings = withoutFences(text).matchAll(/^#{1,6} +(.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutFences(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

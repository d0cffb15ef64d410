/** Reading source text without a compiler: which modules it imports, and what of it is code. */

/** One import, re-export or dynamic import. */
export interface Import {
  readonly specifier: string;
  /** Only types cross: nothing is loaded at run time. */
  readonly isTypeOnly: boolean;
}

const STATIC_IMPORT = /^(?:import|export)\s+(type\s)?[^'"`;=()]*?\bfrom\s*['"]([^'"]+)['"]/gm;
const BARE_IMPORT = /^import\s*['"]([^'"]+)['"]/gm;
const DYNAMIC_IMPORT = /\b(?:import|require)\(\s*['"]([^'"]+)['"]/g;

export function importsOf(text: string): readonly Import[] {
  const named = [...text.matchAll(STATIC_IMPORT)].map((match) => ({
    specifier: match[2] ?? '',
    isTypeOnly: match[1] !== undefined,
  }));
  const others = [...text.matchAll(BARE_IMPORT), ...withoutComments(text).matchAll(DYNAMIC_IMPORT)];
  const loaded = others.map((match) => ({ specifier: match[1] ?? '', isTypeOnly: false }));
  return [...named, ...loaded];
}

// A slash begins a pattern only where a value may begin; elsewhere it divides.
const PATTERN =
  /(?<=(?:[=(,:;!&|?{}[\]\n]|\breturn|=>)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//;
const QUOTED = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/;
const TEMPLATE = /`(?:\\.|[^`\\])*`/;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/;
const TOKENS = new RegExp(
  [PATTERN, QUOTED, TEMPLATE, COMMENT].map((one) => one.source).join('|'),
  'g',
);

/** The text with comments blanked; lines keep their numbers. */
export function withoutComments(text: string): string {
  return text.replace(TOKENS, (token) => (/^\/[*/]/.test(token) ? blanked(token) : token));
}

/**
 * The text with comments, quoted strings and patterns blanked. Templates stay, for they hold code.
 */
export function codeOnly(text: string): string {
  return text.replace(TOKENS, (token) => (token.startsWith('`') ? token : blanked(token)));
}

function blanked(token: string): string {
  return token.replaceAll(/[^\n]/g, ' ');
}

/**
 * Templates in a path, a parameter, a header or a JSON body, as dlt has them: `{resources.issues.id}` and
 * `{incremental.start_value}` stand for values, `{{` and `}}` for braces.
 *
 * A text with other braces, such as a GraphQL query, is no template and stays as it is; dlt refuses it.
 */
import type { TemplatePart } from '../plan.js';

const TOKENS = /\$\{[^{}]*\}|\{\{|\}\}|\{([^{}]*)\}|[{}]|\$|[^{}$]+/g;
const DOTTED_NAME = /^\s*[A-Za-z_][\w-]*(?:\.[\w$*-]+(?:\[\d+\])?)+\s*$/;
const PLAIN_NAME = /^[\w-]+$/;

/**
 * @param takesPlainNames whether `{id}` is a name too, as it is in a path
 * @returns null when the text is no template
 */
export function templateParts(
  text: string,
  takesPlainNames: boolean,
): readonly TemplatePart[] | null {
  const parts: TemplatePart[] = [];
  for (const [token, inner] of text.matchAll(TOKENS)) {
    if (token === '{{' || token === '}}') parts.push(token.slice(1));
    else if (inner !== undefined) {
      const isName = DOTTED_NAME.test(inner) || (takesPlainNames && PLAIN_NAME.test(inner));
      if (!isName) return null;
      parts.push({ name: inner.trim() });
    } else if (token === '{' || token === '}') return null;
    else parts.push(token);
  }
  return parts;
}

/** Names in a text; none when it is no template. */
export function namesIn(text: string, takesPlainNames: boolean): readonly string[] {
  const parts = templateParts(text, takesPlainNames) ?? [];
  return parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
}

/** Whether the last segment of a path is a name: dlt takes such an endpoint for one of a single record. */
export function endsInName(path: string): boolean {
  const last = path.split('/').findLast((segment) => segment !== '') ?? '';
  return namesIn(last, true).length > 0;
}

/**
 * References to secrets in a text: `${NAME}` is a variable of the environment, `${file:PATH}` the content
 * of a file. A text may hold several, with other text around them.
 */

export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

const REFERENCE = /\$\{(?:file:([^{}\s][^{}]*)|(\w+))\}/g;

export function variable(name: string): string {
  return `\${${name}}`;
}

export function referencesIn(text: string): readonly Reference[] {
  return [...text.matchAll(REFERENCE)].map(([, path, name]) => referenceOf(path, name));
}

export function hasReference(text: string): boolean {
  return referencesIn(text).length > 0;
}

/** Whether a `${` begins something that is no reference. */
export function hasBrokenReference(text: string): boolean {
  return text.replaceAll(REFERENCE, '').includes('${');
}

/** The text with each reference replaced by what it stands for. */
export function replaceReferences(text: string, value: (reference: Reference) => string): string {
  return text.replaceAll(REFERENCE, (_, path?: string, name?: string) =>
    value(referenceOf(path, name)),
  );
}

/** As it is written in a file. */
export function referenceText(reference: Reference): string {
  return variable(referenceName(reference));
}

/** For who has to set it: the name of a variable, or `file:PATH`. */
export function referenceName(reference: Reference): string {
  return reference.kind === 'file' ? `file:${reference.path}` : reference.name;
}

/** Names of all that these texts refer to. */
export function referenceNames(texts: readonly string[]): readonly string[] {
  return texts.flatMap(referencesIn).map(referenceName);
}

/** What to set, in a sentence. @param credentials see `SourcePlan.credentials` */
export function credentialsText(credentials: readonly string[]): string {
  return referenceNames(credentials).join(' and ') || 'the credentials in its file';
}

function referenceOf(path: string | undefined, name: string | undefined): Reference {
  return path === undefined ? { kind: 'variable', name: name ?? '' } : { kind: 'file', path };
}

/**
 * Secrets of a source: a plan holds references, and what they stand for is put in their place once, where
 * environment and files are read. Pure: the caller looks the references up.
 */
import type { AuthPlan, SourcePlan } from '../plan.js';
import { addressFault, trimAddress } from './base-url.js';
import { changeAuth, changeTexts } from './plan-texts.js';
import { type Reference, referencesIn, referenceText, replaceReferences } from './references.js';
import { isSecretVariable, maybeSecret } from './secret-names.js';

export type { Reference } from './references.js';
export { referenceText } from './references.js';

/** What a reference stands for; null: the variable is not set, or the file is not there. */
export type LookUp = (reference: Reference) => string | null;

export type ResolvedSecrets =
  | {
      readonly type: 'resolved';
      readonly plan: SourcePlan;
      /**
       * Texts that no log may show, each once: all of `auth`, files, variables, headers and parameters of such
       * names; then values of other variables that may be one. Cursors are kept with their numbers.
       */
      readonly secrets: readonly string[];
    }
  /** All that could not be looked up. */
  | { readonly type: 'missing'; readonly references: readonly Reference[] }
  /** With what the references stand for, an address is none; the message names the field. */
  | { readonly type: 'unusable'; readonly message: string };

/** All references of a plan, each once. */
export function secretReferences(plan: SourcePlan): readonly Reference[] {
  const byText = new Map<string, Reference>();
  changeTexts(plan, (text) => {
    for (const reference of referencesIn(text)) byText.set(referenceText(reference), reference);
    return text;
  });
  return [...byText.values()];
}

/** References of an authentication as they are written, each once. */
export function credentialTexts(auth: AuthPlan | null): readonly string[] {
  const found = new Set<string>();
  if (auth === null) return [];
  changeAuth(auth, (text) => {
    for (const reference of referencesIn(text)) found.add(referenceText(reference));
    return text;
  });
  return [...found];
}

export function resolveSecrets(plan: SourcePlan, lookUp: LookUp): ResolvedSecrets {
  const missing: Reference[] = [];
  const values = new Map<string, string>();
  for (const reference of secretReferences(plan)) {
    const value = lookUp(reference);
    if (value === null) missing.push(reference);
    else values.set(referenceText(reference), contentOf(reference, value));
  }
  if (missing.length > 0) return { type: 'missing', references: missing };
  const secrets = new Set<string>();
  const likely = new Set<string>();
  const resolved = changeTexts(plan, (text, secrecy) => {
    const references = referencesIn(text);
    const standsFor = (reference: Reference) => values.get(referenceText(reference)) ?? '';
    for (const reference of references) {
      const isByPlace = secrecy === 'secret' || secrecy === 'credential';
      const value = standsFor(reference);
      if (isByPlace || isSecretReference(reference)) secrets.add(value);
      else if (maybeSecret(value) && !(secrecy === 'address' && isInHost(text, reference))) {
        likely.add(value);
      }
    }
    if (references.length === 0 && secrecy === 'secret') secrets.add(text);
    return replaceReferences(text, standsFor);
  });
  secrets.delete('');
  const unusable = addressFaults(resolved);
  if (unusable !== null) return { type: 'unusable', message: unusable };
  const usable = { ...resolved, baseUrl: trimAddress(resolved.baseUrl) };
  return { type: 'resolved', plan: usable, secrets: [...new Set([...secrets, ...likely])] };
}

/** A shop or a region in a host is shown, and names the runs of a source. */
function isInHost(address: string, reference: Reference): boolean {
  const [host = ''] = address.replace(/^https?:\/\//i, '').split('/', 1);
  return host.includes(referenceText(reference));
}

/** By itself, wherever it stands: some APIs want their token in the path. */
function isSecretReference(reference: Reference): boolean {
  return reference.kind === 'file' || isSecretVariable(reference.name);
}

/** Files of secrets mostly end in a line break that is not meant. */
function contentOf({ kind }: Reference, value: string): string {
  return kind === 'file' ? value.replace(/[\r\n]+$/, '') : value;
}

function addressFaults({ baseUrl, auth }: SourcePlan): string | null {
  const base = addressFault(baseUrl);
  if (base !== null) return `client.base_url ${base}; check the variables in it`;
  const token = auth?.type === 'oauth2' ? addressFault(auth.tokenUrl) : null;
  return token === null ? null : `the token URL of client.auth ${token}; check the variables in it`;
}

/** Objects of Kubernetes, held against its API: the compiler knows the fields, and what each takes. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, REPOSITORY } from './repository.js';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
}

/** @returns what is wrong with them, one fault a line; empty: nothing is */
export function kubernetesFaults(objects: readonly KubernetesObject[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'datasync-kubernetes-'));
  try {
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    const file = join(folder, 'objects.ts');
    writeFileSync(file, objects.map(declaration).join(''));
    const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
    const strictly = ['--noEmit', '--strict', '--module', 'esnext', '--target', 'esnext'];
    const resolution = ['--moduleResolution', 'bundler', '--types', '', '--ignoreConfig'];
    const { status, output } = check(process.execPath, compiler, ...strictly, ...resolution, file);
    return status === 0 ? '' : output || `tsc ended with ${status}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A literal of the object's type, which may have no field that the type has not. */
function declaration(object: KubernetesObject, index: number): string {
  const { apiVersion, kind } = object;
  const [group = '', version] = apiVersion.includes('/')
    ? apiVersion.split('/')
    : ['core', apiVersion];
  const module = `kubernetes-types/${group.replace(/\.k8s\.io$/, '')}/${version}`;
  return `import type { ${kind} as Kind${index} } from '${module}';
export const object${index}: Kind${index} = ${JSON.stringify(object, null, 2)};
`;
}

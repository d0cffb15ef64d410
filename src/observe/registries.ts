/**
 * The metrics of a process as one page. Where several streams are at work, each has a registry of its own with
 * its labels, and a metric that several have is written once, with the series of all.
 */
import { Registry } from 'prom-client';
import { processRegistry } from './metrics.js';
import { RunRegistry } from './run-registry.js';

export interface MetricsPage {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export class Registries implements MetricsPage {
  /** Node's own; of a single stream all that there is. */
  readonly process = processRegistry();
  readonly #ofProcess = new RunRegistry(this.process);
  readonly #streams = new Map<string, RunRegistry>();

  get contentType(): string {
    return this.process.contentType;
  }

  /** A registry of its own for a stream. */
  add(labels: { readonly source: string; readonly stream: string }): Registry {
    const registry = new Registry();
    registry.setDefaultLabels(labels);
    this.#streams.set(labels.stream, new RunRegistry(registry));
    return registry;
  }

  /** That of a stream; that of the process where none was added. */
  of(stream: string): RunRegistry {
    return this.#streams.get(stream) ?? this.#ofProcess;
  }

  async metrics(): Promise<string> {
    const registries = [...this.#streams.values()].map(({ registry }) => registry);
    const names = new Set(
      registries.flatMap((each) => each.getMetricsAsArray().map(({ name }) => name)),
    );
    const own = await this.process.metrics();
    const families = await Promise.all([...names].map((name) => family(name, registries)));
    return [own.trimEnd(), ...families].join('\n\n').concat('\n');
  }
}

/** Its heading once, then the series of each registry. */
async function family(name: string, registries: readonly Registry[]): Promise<string> {
  const having = registries.filter((each) => each.getSingleMetric(name) !== undefined);
  const texts = await Promise.all(having.map((each) => each.getSingleMetricAsString(name)));
  const lines = texts.flatMap((text, index) =>
    text.split('\n').filter((line) => line !== '' && (index === 0 || !line.startsWith('#'))),
  );
  return lines.join('\n');
}

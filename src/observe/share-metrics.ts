/** Metrics of what this process does among members, over all its runs: counted as the shares tell it. */
import { Counter, Gauge, type Registry } from 'prom-client';

const FROM = ['nobody', 'dead'] as const;

export class ShareMetrics {
  readonly #taken: Counter<'from'>;
  readonly #given: Counter;
  readonly #lost: Counter;
  readonly #queues: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#taken = new Counter({
      name: 'datasync_segments_taken_total',
      help: 'Segments that this process has taken: those that nobody held, and those of dead members.',
      labelNames: ['from'],
      registers,
    });
    this.#given = new Counter({
      name: 'datasync_segments_given_total',
      help: 'Segments that this process has given to members that had nothing to do.',
      registers,
    });
    this.#lost = new Counter({
      name: 'datasync_leases_lost_total',
      help: 'Times that others took over what this process held, so that it entered the run again.',
      registers,
    });
    this.#queues = new Gauge({
      name: 'datasync_queue_trouble',
      help: 'Runs of this process whose Redis cannot be reached.',
      registers,
    });
    for (const from of FROM) this.#taken.inc({ from }, 0);
  }

  taken(segments: number, fromDead: number): void {
    this.#taken.inc({ from: 'nobody' }, segments - fromDead);
    this.#taken.inc({ from: 'dead' }, fromDead);
  }

  given(segments: number): void {
    this.#given.inc(segments);
  }

  leaseLost(): void {
    this.#lost.inc();
  }

  queueReached(isReached: boolean): void {
    if (isReached) this.#queues.dec();
    else this.#queues.inc();
  }
}

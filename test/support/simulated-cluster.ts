/**
 * Several members that share one run, in simulated time: the real schedulers and decisions of each, one ledger, one
 * queue, one log of starts, one API. Members are killed, paused, join and leave; ledger and queue go away. One seed
 * is one history.
 */
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { drawInteger, type Random, seededRandom } from './random.js';
import type { SimulatedApi } from './simulated-api.js';
import { Chaos } from './simulated-chaos.js';
import type { ClusterHistory, ClusterSettings } from './simulated-cluster-history.js';
import { openClusterApi } from './simulated-cluster-history.js';
import { ClusterWatch } from './simulated-cluster-watch.js';
import { SimulatedDatabase } from './simulated-database.js';
import { Hardships } from './simulated-hardships.js';
import { isResumable } from './simulated-history.js';
import { SimulatedLedger } from './simulated-ledger.js';
import { SimulatedLimitStore } from './simulated-limit-store.js';
import { SimulatedMachine } from './simulated-machine.js';
import { SimulatedMember } from './simulated-member.js';
import { keptInLedger, seenByApi } from './simulated-outcome.js';
import { SimulatedQueue } from './simulated-queue.js';
import { SimulatedSeeds } from './simulated-seeds.js';
import { SimulatedSegments } from './simulated-segments.js';
import { SharedRun } from './simulated-shared-run.js';
import { SimulatedTime } from './simulated-time.js';

/** What the members of a run share. */
export interface Cluster {
  readonly random: Random;
  readonly time: SimulatedTime;
  readonly api: SimulatedApi;
  readonly ledger: SimulatedLedger;
  readonly segments: SimulatedSegments;
  readonly run: SharedRun;
  readonly database: SimulatedDatabase;
  readonly queue: SimulatedQueue;
  readonly limits: SimulatedLimitStore;
  readonly hardships: Hardships;
  readonly watch: ClusterWatch;
  readonly leaseMs: number;
}

const STEPS_MAX = 300_000;
const CLOCK_APART_MS = 300_000;
/** A process that has ended is started again after that, if nobody else is there. */
const AGAIN_MS = 10_000;
const CHILD_BLOCK = 12;

/** Plays one history to its end. @throws when it does not end */
export function playCluster(settings: ClusterSettings): ClusterHistory {
  return new ClusterPlayer(settings).play();
}

class ClusterPlayer {
  readonly #settings: ClusterSettings;
  readonly #cluster: Cluster;
  readonly #seeds: SimulatedSeeds;
  readonly #chaos: Chaos;
  readonly #members: SimulatedMember[] = [];
  readonly #rows: number;
  readonly #beganAtMs: number;
  #count = 0;
  #steps = 0;
  #heldBytesOver = 0;
  #tipsInFlightMax = 0;

  constructor(settings: ClusterSettings) {
    const random = seededRandom(settings.seed);
    const time = new SimulatedTime();
    const api = openClusterApi(settings, random);
    const seeds = new SimulatedSeeds(api.parents);
    const ledger = new SimulatedLedger((row) => api.placeOf(row), seeds.children);
    const highest = (): number =>
      ledger.pages.reduce((most, { segment }) => Math.max(most, segment), -1);
    const segments = new SimulatedSegments(CHILD_BLOCK, highest);
    if (seeds.children !== null) segments.seedChildren(seeds.children);
    const leaseMs = 1_000 * 2 ** drawInteger(random, 1, 3);
    const database = new SimulatedDatabase(time, random, {
      usuallyMs: 20,
      seldomMs: leaseMs / 16,
      leaseMs,
      isCalm: settings.isCalm === true,
    });
    const queue = new SimulatedQueue(time, random);
    const isAway = (): boolean => database.isAway || queue.isAway;
    const watch = new ClusterWatch({ time, segments, leaseMs, isAway });
    this.#settings = settings;
    this.#rows = api.settings.rows;
    this.#beganAtMs = time.nowMs;
    this.#seeds = seeds;
    this.#cluster = {
      ...{ random, time, api, ledger, segments, leaseMs, watch, database, queue },
      run: new SharedRun({ segments, ledger, api, seeds, watch }),
      limits: new SimulatedLimitStore(),
      hardships: new Hardships(settings.isHard === true, this.#rows, random),
    };
    this.#chaos = new Chaos(settings, random);
  }

  play(): ClusterHistory {
    const { random, time, run } = this.#cluster;
    const count = drawInteger(random, 2, 5);
    this.#spawn(0);
    for (let nth = 1; nth < count; nth++) this.#spawn(drawInteger(random, 0, 5_000));
    while (!this.#isOver) {
      if (++this.#steps > STEPS_MAX || !time.advance()) {
        throw new Error(`seed ${this.#settings.seed}: the run does not end`);
      }
      this.#disturb();
      this.#cluster.watch.look(this.#members);
      if (this.#members.length === 0 && this.#count === 0)
        this.#spawn(drawInteger(random, 0, AGAIN_MS));
    }
    for (const member of this.#members) this.#note(member);
    return this.#history(run.outcome);
  }

  get #isOver(): boolean {
    const { status, outcome } = this.#cluster.run;
    if (status === 'complete') return true;
    return outcome !== null && status !== 'running' && !isResumable(outcome, true);
  }

  #spawn(afterMs: number): void {
    const { time, random, run } = this.#cluster;
    this.#count++;
    time.atAnyRate(time.nowMs + afterMs, () => {
      this.#count--;
      if (this.#isOver) return;
      const clockMs = drawInteger(random, -CLOCK_APART_MS, CLOCK_APART_MS);
      const machine = new SimulatedMachine(time, clockMs);
      const member = new SimulatedMember(this.#cluster, this.#chaos.nextMember(), machine);
      this.#members.push(member);
      run.greet();
      member.begin((fault) => {
        if (fault !== null) this.#cluster.watch.ended(fault);
        this.#remove(member);
      });
    });
  }

  #remove(member: SimulatedMember): void {
    this.#members.splice(this.#members.indexOf(member), 1);
    this.#note(member);
  }

  #note(member: SimulatedMember): void {
    this.#heldBytesOver = Math.max(this.#heldBytesOver, member.heldBytesOver);
    this.#tipsInFlightMax = Math.max(this.#tipsInFlightMax, member.tipsInFlightMax);
  }

  #disturb(): void {
    const { random, database, queue, leaseMs } = this.#cluster;
    const event = this.#chaos.draw();
    const victim =
      event === null ? undefined : this.#members[drawInteger(random, 0, this.#members.length - 1)];
    switch (event) {
      case 'kill': {
        if (victim === undefined) return;
        victim.end();
        this.#remove(victim);
        if (random() < 0.7) this.#spawn(drawInteger(random, 0, 2 * leaseMs));
        return;
      }
      case 'pause':
        return victim?.machine.freeze(drawInteger(random, leaseMs / 4, 4 * leaseMs));
      case 'leave':
        if (this.#members.length > 1) victim?.handBack();
        return;
      case 'join':
        return this.#spawn(0);
      case 'ledgerAway':
        return database.goAway(drawInteger(random, 100, 3 * leaseMs));
      case 'queueAway':
        return queue.goAway(drawInteger(random, 100, 2 * leaseMs));
      case 'queueEmptied':
        return queue.empty();
      case null:
        return;
    }
  }

  #history(outcome: RunOutcome | null): ClusterHistory {
    const { api, ledger, watch, run, time } = this.#cluster;
    const asked = { rows: this.#rows, seeds: this.#seeds, within: null };
    return {
      outcome: outcome ?? { status: 'interrupted' },
      ...seenByApi(api),
      ...keptInLedger(ledger, api, asked),
      heldBytesOver: this.#heldBytesOver,
      tipsInFlightMax: this.#tipsInFlightMax,
      steps: this.#steps,
      runsLeft: 0,
      recordedComplete: run.recordedComplete,
      ...watch.found,
      spanMs: time.nowMs - this.#beganAtMs,
    };
  }
}

/** What a history of several members is told, and what it tells. */
import { drawInteger, type Random } from './random.js';
import type { SimulatedApi } from './simulated-api.js';
import { drawApi, type History, type HistorySettings, openApiOf } from './simulated-history.js';

export interface ClusterSettings extends Pick<HistorySettings, 'seed' | 'faultShare'> {
  /** Nothing befalls the members. @default false */
  readonly isCalm?: boolean;
  /** A page whose body fails for long, and writes that the database refuses. @default false */
  readonly isHard?: boolean;
  /** @default by cursors */
  readonly paging?: HistorySettings['counts'];
  /** The source is newest first, as it declares, and cursors can be made. @default drawn */
  readonly isSteady?: boolean;
}

export interface ClusterHistory extends History, Found {
  readonly spanMs: number;
  /** How often the run was put on record as complete. */
  readonly recordedComplete: number;
}

const PAGINGS = ['records', 'pages', 'windows', 'children'] as const;

/** One of all kinds of sources, under one of all kinds of troubles. */
export function clusterSettings(seed: number): ClusterSettings {
  const paging = PAGINGS[seed % 8];
  return {
    ...{ seed, faultShare: (seed % 4) * 0.05, isSteady: seed % 16 >= 12 },
    ...{ isCalm: seed % 5 === 0, isHard: seed % 7 === 0 },
    ...(paging === undefined ? {} : { paging }),
  };
}

/** What was seen of the members. */
export interface Found {
  /** What no member may do. */
  readonly wrongs: readonly string[];
  /** The longest that a member had nothing, while another had much left, or there was something that nobody held. */
  readonly idleMsMax: number;
  /** How often what was said. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Short windows and answers: what happens between members takes a lease or two. */
export function openClusterApi(settings: ClusterSettings, random: Random): SimulatedApi {
  const drawn = drawApi(random, {
    faultShare: settings.faultShare,
    isSteady: settings.isSteady ?? false,
  });
  const { quota, rows } = drawn;
  const windowMs = drawInteger(random, 1, 10) * 1_000;
  const api = {
    ...drawn,
    rows: 2 * rows,
    windowMs,
    quota: quota === null ? null : quota + 2,
    latencyMs: drawInteger(random, 5, 1_500),
    alwaysTells: true,
  };
  return openApiOf(api, settings.paging, random);
}

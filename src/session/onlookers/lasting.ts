/** What of the onlookers outlives a run, where a schedule begins one after another. */
import type { ScheduledEnds } from '../../observe/alerts/scheduled-ends.js';
import type { AlertChannel } from './alert-channel.js';
import type { HttpFront } from './http-front.js';

export interface Lasting {
  /** Null without HTTP_PORT. */
  readonly front: HttpFront | null;
  /** Null without a webhook. */
  readonly channel: AlertChannel | null;
  readonly ends: ScheduledEnds;
  /** The runs of the attempts before, by stream: one behind it is another member's, of this very time. */
  readonly lastRuns: Map<string, number>;
  /** When the attempt at work began, epoch ms. */
  readonly attemptStartedAtMs: number;
}

/** Pages of a source file's stream, as they are explored: read by the reader of the fetch worker. */

import { readRecordAnswer } from '../../workers/fetch/record-answer.js';
import type { PathStep } from '../paging/json-path.js';
import { type Batch, rejectAt } from '../protocol/batch.js';
import { recordTexts } from '../protocol/record-texts.js';
import { parsedPage, recordListIn } from '../source/record-list.js';
import type { RecordSource } from '../source/source.js';
import { parseJson } from './answer.js';
import { bodyOf } from './received.js';
import type { PageForm } from './stream-pages.js';

export function recordPages(source: RecordSource, baseUrl: string): PageForm {
  const { reading, pageLimitMax } = source;
  return {
    firstLimit: pageLimitMax,
    request: ({ cursor, limit }) => source.request(baseUrl, cursor, limit ?? pageLimitMax),
    read(received, wish) {
      const { cursor, limit } = wish;
      const kind = { isHeadOnly: false, isHeadUrgent: false, buffers: null };
      const task = { taskId: 0, cursor, limit: limit ?? pageLimitMax, ...kind };
      const result = readRecordAnswer(task, source, received, this.request(wish).url);
      if (result.type === 'fault') return result;
      const { head, batch } = result;
      const steps = reading.selector ?? recordListIn(parsedPage(parseJson(bodyOf(received))));
      const detail = reading.selector === null ? 'each page shows it' : 'as data_selector says';
      const texts = batch === null ? [] : textsOf(batch);
      const shape = { name: `records at ${pathText(steps)}`, detail };
      return { type: 'seen', limits: head.meta.limits, seen: { shape, envelope: head, texts } };
    },
  };
}

/** In the order of the page. */
function textsOf(batch: Batch): (string | null)[] {
  const texts: (string | null)[] = recordTexts(batch, batch.rowCount);
  const { rejects } = batch;
  for (let nth = 0; nth < rejects.count; nth++) texts.splice(rejectAt(rejects, nth).index, 0, null);
  return texts;
}

/** `$.data.items`; `$` is the whole page. */
function pathText(steps: readonly PathStep[]): string {
  return `$${steps.map(stepText).join('')}`;
}

function stepText(step: PathStep): string {
  switch (step.type) {
    case 'name':
      return `.${step.name}`;
    case 'index':
      return `[${step.index}]`;
    case 'all':
      return '[*]';
  }
}

/** In which order streams are copied: the rows of a parent are there before its children are asked for. */
import type { StreamPlan } from './plan.js';

type Streams = readonly Pick<StreamPlan, 'name' | 'parent'>[];

/** The stream whose rows have the children of one; null: it stands by itself, or its parents stand in the file. */
export function parentStream({ parent }: Pick<StreamPlan, 'parent'>): string | null {
  return parent === null || parent.values !== null ? null : parent.resource;
}

/**
 * Streams that can be copied at the same time, in the order of the file; each layer needs those before it.
 *
 * @param streams no one reads itself, by however many others: the loader has seen to that
 */
export function streamLayers(streams: Streams): readonly (readonly string[])[] {
  const layers: string[][] = [];
  for (const { name } of streams) {
    const depth = ancestorsOf(name, streams).length;
    while (layers.length <= depth) layers.push([]);
    layers[depth]?.push(name);
  }
  return layers.filter((layer) => layer.length > 0);
}

/** The parent first, then its own. */
export function ancestorsOf(name: string, streams: Streams): readonly string[] {
  const line: string[] = [];
  let at: string | null = name;
  while (at !== null && line.length <= streams.length) {
    const stream = streams.find((one) => one.name === at);
    at = stream === undefined ? null : parentStream(stream);
    if (at !== null) line.push(at);
  }
  return line;
}

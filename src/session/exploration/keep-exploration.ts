/** Writes an exploration down: as JSON for an ingestion and for scripts, as Markdown for people. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { explorationMarkdown } from '../../explore/render.js';
import type { Exploration } from '../../explore/schema.js';
import { writeWhole } from '../../files/write-whole.js';
import { explorationFile } from './shown-exploration.js';

/** @throws the system's error when it cannot be written */
export async function keepExploration(exploration: Exploration, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = `${JSON.stringify(exploration, null, 2)}\n`;
  await writeWhole(join(folder, explorationFile(exploration)), json);
  await writeWhole(
    join(folder, explorationFile(exploration, 'md')),
    explorationMarkdown(exploration),
  );
}

/** Writes an exploration down: as JSON for an ingestion and for scripts, as Markdown for people. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { explorationMarkdown } from '../../explore/render.js';
import type { Exploration } from '../../explore/schema.js';
import { writeWhole } from '../../files/write-whole.js';
import { EXPLORATION_FILE } from './exploration-hints.js';

/** @throws the system's error when it cannot be written */
export async function keepExploration(exploration: Exploration, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = `${JSON.stringify(exploration, null, 2)}\n`;
  await writeWhole(join(folder, EXPLORATION_FILE), json);
  await writeWhole(join(folder, 'exploration.md'), explorationMarkdown(exploration));
}

/** Reads a workflow of GitHub Actions as GitHub does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { REPOSITORY } from './repository.js';

type Parser = typeof import('@actions/workflow-parser');

let parser: Promise<Parser> | null = null;

/** What GitHub's parser says is wrong, in expressions and between jobs too. */
export async function workflowFaults(content: string): Promise<string[]> {
  parser ??= loadParser();
  const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await parser;
  const file = { name: 'workflow.yml', content };
  const { context, value } = parseWorkflow(file, new NoOperationTraceWriter());
  if (value !== undefined && context.errors.count === 0) {
    await convertWorkflowTemplate(context, value);
  }
  return context.errors.getErrors().map(({ message }) => message);
}

/** As a bundle: the package imports JSON in a way that Node does not take. */
async function loadParser(): Promise<Parser> {
  const folder = mkdtempSync(join(tmpdir(), 'workflow-parser-'));
  try {
    const file = join(folder, 'parser.mjs');
    const bundle = await rolldown({
      cwd: REPOSITORY,
      input: '@actions/workflow-parser',
      platform: 'node',
    });
    await bundle.write({ file });
    return (await import(pathToFileURL(file).href)) as Parser;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

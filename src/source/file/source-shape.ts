/** A source file as a whole, and the JSON Schema of it that editors complete and check by. */
import * as z from 'zod/mini';
import { clientShape } from './client-shape.js';
import { block, hint, listOf } from './field-kinds.js';
import { ingestionShape } from './ingestion-shape.js';
import { resourceDefaultsShape, resourceShape } from './resource-shape.js';

const fields = {
  $schema: hint,
  client: clientShape,
  resource_defaults: z.nullish(resourceDefaultsShape),
  resources: listOf(resourceShape, 'resources'),
  'x-ingestion': z.nullish(ingestionShape),
  ...{ name: hint, section: hint, dataset_name: hint, pipeline_name: hint, destination: hint },
  ...{ max_table_nesting: hint, root_key: hint, schema_contract: hint, parallelized: hint },
};

/** Without the blocks of other programs, see isForeignBlock. */
export const sourceShape = block(fields);

export type SourceFields = z.infer<typeof sourceShape>;

/** Whether the name is that of a block of another program, which is none of our business. */
export function isForeignBlock(name: string): boolean {
  return name.startsWith('x-') && name !== 'x-ingestion';
}

/** JSON Schema, draft 2020-12, of a source file. */
export function sourceFileSchema(): object {
  const schema = z.toJSONSchema(sourceShape, { io: 'input', reused: 'ref' });
  return {
    ...schema,
    title: 'Source file (RESTAPIConfig with x-ingestion)',
    patternProperties: { '^x-': {} },
  };
}

/** The schema as the text of its file. */
export function sourceSchemaText(): string {
  return `${JSON.stringify(sourceFileSchema(), null, 2)}\n`;
}

/** The JSON Schema of source files as a file. Apart from the schema, which costs whoever loads it. */

/** Where the schema is, beside source files. It is none itself. */
export const SCHEMA_FILE = 'schema.json';
/** The first line of a source file, by which editors find the schema. */
export const SCHEMA_COMMENT = `# yaml-language-server: $schema=${SCHEMA_FILE}`;

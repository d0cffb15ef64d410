/** Commands as messages name them: they can be copied and run. */
import { DEFAULT_SOURCE } from '../config/source-files.js';

/** @param command with its own options @returns it in backquotes, with the source that it is about */
export function commandText(source: string, command: string): string {
  return `\`datasync ${command}${source === DEFAULT_SOURCE ? '' : ` --source ${source}`}\``;
}

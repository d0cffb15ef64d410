/** Makes ready to send alerts where they are asked for; loads nothing of it where they are not. */
import type { CommandContext } from '../../commands/context.js';
import type { RunAlerts } from './run-alerts.js';

/** @returns null without a webhook */
export async function openAlerts(context: CommandContext): Promise<RunAlerts | null> {
  const { alerts } = context.config;
  if (alerts === null) return null;
  const { RunAlerts } = await import('./run-alerts.js');
  return new RunAlerts(context, alerts);
}

/** What stands in place of a secret. */

/** What `.env.example` holds in place of a key. */
export const KEY_PLACEHOLDERS = new Set(['your_api_key_here', 'your-api-key', 'changeme']);

/** The key, unless it is absent or a placeholder. */
export function usableKey(key: string | undefined): string | null {
  return key === undefined || KEY_PLACEHOLDERS.has(key.toLowerCase()) ? null : key;
}

/** Types of what is used of autocannon, which ships without a declaration. */
declare module 'autocannon' {
  export interface AutocannonOptions {
    readonly url: string;
    readonly connections: number;
    /** Seconds; fractions are allowed. */
    readonly duration: number;
    readonly headers: Readonly<Record<string, string>>;
    /** Seconds until an answer counts as missing. */
    readonly timeout: number;
    /** Milliseconds between two looks at the clock. */
    readonly sampleInt: number;
  }

  export interface AutocannonResult {
    readonly '2xx': number;
    readonly non2xx: number;
    readonly errors: number;
    /** Seconds, to the hundredth. */
    readonly duration: number;
  }

  // biome-ignore lint/style/noDefaultExport: this is how autocannon exports it.
  export default function autocannon(options: AutocannonOptions): Promise<AutocannonResult>;
}

import type { SiteId } from './ids.ts'

/**
 * How long one piece of work took, against what is assumed of it where nothing was ever measured (`reconciler/duration.ts`):
 * a *pace* of 0.5 is half as long. A pace, because it holds for a package as for a hundred, and for a delta as for a whole image.
 */
export type PaceSample = {
  /** `packages`, `scripts/<name>`, `disk/<operation>`, `reset`, `power/wake`, …: work of one kind has one pace. */
  readonly kind: string
  /** Vendor and model as the PC tells them; empty: not known. */
  readonly model: string
  readonly site: SiteId
  /** The pace in steps of a tenth: 1.1 to the power of this is the least that is not below it. */
  readonly step: number
}

/** How often each pace was measured; summaries of several stores are put together by adding up. */
export type PaceCount = PaceSample & { readonly times: number }

/** The pace to reckon with (about the 90th percentile) in each scope with enough samples; keys by `scopeKey` of `reconciler/pace.ts`. */
export type Durations = ReadonlyMap<string, number>

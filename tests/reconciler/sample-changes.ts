/** Changes as a plan makes them, for tests that are not about how they are made. */
import type { DiskChange, ResetChange } from '../../reconciler/model/change.ts'
import { digest } from './sample-park.ts'

const image = { from: null, to: 'm', image: 'i@1', layout: digest('l'), settings: digest('s') } as const

/** A disk that is written with its image, and how much of it. */
export const restore = (bytes: number): DiskChange => ({
  facet: 'disk',
  item: 'image',
  operation: 'restore',
  ...image,
  wipes: [],
  bytes,
  effect: 'destructive',
})

/** A reset that somebody has asked for. */
export const requestedReset: ResetChange = {
  facet: 'reset',
  item: 'reset',
  cause: 'requested',
  ...image,
  effect: 'disruptive',
}

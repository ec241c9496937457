import type { Random } from '../../reconciler/ports.ts'

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for one simulated day. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Uniform in [least, most). */
export const between = (random: Random, least: number, most: number): number =>
  least + random() * (most - least)

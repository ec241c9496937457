import { table } from './table.ts'

export type Aim = {
  readonly what: string
  readonly limit: string
  readonly found: string
  readonly met: boolean
}

/** `about`: what all of them are about, over the first column. */
export const aimTable = (about: string, aims: readonly Aim[]): string =>
  table(
    [about, 'aim', 'measured', ''],
    aims.map(({ what, limit, found, met }) => [what, limit, found, met ? 'met' : '**missed**']),
  )

/** A lycée whose PCs take time for a reset, as the reset page sees it; the test says how far they are. */

import { systemClock } from '../../cli/clock.ts'
import type { ResetDesk, ResetMachine, ResetRoom } from '../../providers/imaging/reset-desk.ts'
import { resetRoutes } from '../../providers/imaging/reset-page.ts'
import type { Route } from '../../providers/imaging/route.ts'
import { say } from '../../specs/text.ts'

export const pin = '4711'

export type Lycee = {
  readonly route: Route
  readonly asked: readonly { readonly machines: readonly string[]; readonly who: string }[]
  set(name: string, state: ResetMachine['state']): void
}

export const createLycee = (): Lycee => {
  const yesterday = Date.now() - 86_400_000
  const states = new Map<string, ResetMachine['state']>([
    ['b204-01', { kind: 'ready' }],
    ['b204-02', { kind: 'ready' }],
    ['b204-03', { kind: 'running', share: 0.42, leftMs: 130_000 }],
    [
      'b204-04',
      {
        kind: 'failed',
        message: say('The disk cannot be read: replace it.', 'Le disque est illisible\u00a0: remplacez-le.'),
      },
    ],
    ['cdi-01', { kind: 'ready' }],
    ['cdi-02', { kind: 'asked', at: Date.now() }],
  ])
  const machinesOf = (room: string): readonly ResetMachine[] =>
    [...states].flatMap(([name, state]) =>
      name.startsWith(room) ? [{ id: `victor-hugo/${name}`, name, state, lastResetAt: yesterday }] : [],
    )
  const rooms = (): readonly ResetRoom[] => [
    { id: 'victor-hugo/b204', title: 'B204 Sciences', machines: machinesOf('b204') },
    { id: 'victor-hugo/cdi', title: 'CDI', machines: machinesOf('cdi') },
  ]
  const asked: { machines: readonly string[]; who: string }[] = []
  const desk: ResetDesk = {
    rooms: async () => rooms(),
    request: async (machines, who) => {
      asked.push({ machines, who })
      for (const id of machines) states.set(id.replace('victor-hugo/', ''), { kind: 'asked', at: Date.now() })
    },
    pinIsRight: async (given) => given === pin,
  }
  const route = resetRoutes({
    desk,
    clock: systemClock,
    lycee: 'Lycée Victor Hugo',
    timezone: 'Europe/Paris',
    locale: 'fr',
  })
  return { route, asked, set: (name, state) => states.set(name, state) }
}
